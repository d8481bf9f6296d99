/* Allocates and uses a large buffer through functions that are inlined: t_report_source.sh.
 *
 * The comments mark the lines that the report must name. */
#include <cstdio>
#include <cstdlib>

namespace store
{
template <typename T>
struct Buffer {
    T *data;
    std::size_t n;
    explicit Buffer(std::size_t count) : data(make(count)), n(count) /* line: constructor */
    {
    }
    static inline __attribute__((always_inline)) T *make(std::size_t count)
    {
        return static_cast<T *>(std::malloc(count * sizeof(T))); /* line: malloc */
    }
    ~Buffer()
    {
        std::free(data);
    }
};
} // namespace store

namespace
{
inline __attribute__((always_inline)) float fill(float value)
{
    store::Buffer<float> buffer(8 << 20); /* line: fill */
    volatile float *data = buffer.data;   /* volatile, or the compiler does without */
    for (std::size_t i = 0; i < buffer.n; i += 1024)
        data[i] = value;
    return data[1024] + 1;
}
} // namespace

extern "C" __attribute__((noinline)) float work(float value)
{
    return fill(value) + 1; /* line: work */
}

int main()
{
    float sum = 0;
    for (int i = 0; i < 20; i++)
        sum += work(sum); /* line: main */
    std::printf("%d\n", sum > 0);
    return 0;
}
