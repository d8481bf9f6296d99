/* Blocks of every kind of allocation, C's and C++'s, are made in one thread and checked and freed in another; what the
 * C library allocates for its caller is freed too.  Prints a checksum that no allocator has an influence on.
 *
 * build: -pthread
 */
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace
{
constexpr size_t MiB = size_t{1} << 20;
enum kind {
    MALLOC,
    CALLOC,
    REALLOC,
    POSIX_MEMALIGN,
    ALIGNED_ALLOC,
    MEMALIGN,
    VALLOC,
    NEW,
    NEW_ARRAY,
    NEW_ALIGNED,
    NEW_NOTHROW,
    KINDS
};

struct block {
    unsigned char *ptr;
    size_t bytes;
    unsigned seed;
    kind how;
};

std::mutex lock;
std::vector<block> handed;
uint64_t total;

void failed(const char *what, const block &b)
{
    printf("WRONG: %s, %zu bytes, kind %d\n", what, b.bytes, b.how);
    exit(1);
}

void *allocate(kind how, size_t bytes)
{
    void *ptr = nullptr;
    switch (how) {
    case CALLOC:
        return calloc(bytes / 8 + 1, 8);
    case REALLOC:
        return realloc(malloc(bytes / 3 + 1), bytes);
    case POSIX_MEMALIGN:
        return posix_memalign(&ptr, 256, bytes) == 0 ? ptr : nullptr;
    case ALIGNED_ALLOC:
        return aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    case MEMALIGN:
        return memalign(65536, bytes);
    case VALLOC:
        return valloc(bytes);
    case NEW:
        return ::operator new(bytes);
    case NEW_ARRAY:
        return new unsigned char[bytes];
    case NEW_ALIGNED:
        return ::operator new (bytes, std::align_val_t{512});
    case NEW_NOTHROW:
        return ::operator new(bytes, std::nothrow);
    default:
        return malloc(bytes);
    }
}

void release(const block &b)
{
    switch (b.how) {
    case NEW:
        return ::operator delete(b.ptr, b.bytes);
    case NEW_ARRAY:
        return delete[] b.ptr;
    case NEW_ALIGNED:
        return ::operator delete (b.ptr, std::align_val_t{512});
    case NEW_NOTHROW:
        return ::operator delete(b.ptr, std::nothrow);
    default:
        if (malloc_usable_size(b.ptr) < b.bytes)
            failed("usable size", b);
        return free(b.ptr);
    }
}

unsigned char value(const block &b, size_t i)
{
    return static_cast<unsigned char>((i * 13 + b.seed) >> 4);
}

void put(block &b)
{
    for (size_t i = 0; i < b.bytes; i += 1 + i / 64)
        b.ptr[i] = value(b, i);
}

uint64_t sum(const block &b, size_t bytes)
{
    uint64_t all = 0;
    for (size_t i = 0; i < bytes; i += 1 + i / 64) {
        if (b.ptr[i] != value(b, i))
            failed("contents", b);
        all = all * 31 + b.ptr[i];
    }
    return all;
}

block make(unsigned seed)
{
    block b{nullptr, 0, seed, static_cast<kind>(seed % KINDS)};
    b.bytes = seed % 3 ? (seed * 2654435761u >> 8) % 60000 + 1 : MiB / 16 + (seed * 2654435761u >> 8) % (4 * MiB);
    b.ptr = static_cast<unsigned char *>(allocate(b.how, b.bytes));
    if (!b.ptr)
        failed("no memory", b);
    for (size_t i = 0; b.how == CALLOC && i < b.bytes; i++)
        if (b.ptr[i])
            failed("not zero", b);
    put(b);
    return b;
}

/* What malloc and its kin returned may be resized, by whoever holds it. */
void resize(block &b)
{
    const size_t before = b.bytes;
    b.bytes = b.bytes / 2 * (1 + b.seed % 4) + 1;
    b.ptr = static_cast<unsigned char *>(b.seed % 2 ? realloc(b.ptr, b.bytes) : reallocarray(b.ptr, b.bytes, 1));
    if (!b.ptr)
        failed("no memory", b);
    sum(b, before < b.bytes ? before : b.bytes);
    put(b);
}

/* Takes what another thread handed over, and hands on a new one. */
void work(unsigned worker)
{
    for (unsigned round = 0; round < 1500; round++) {
        block mine = make(worker * 1000003u + round), taken{};
        {
            const std::lock_guard<std::mutex> hold(lock);
            handed.push_back(mine);
            if (handed.size() > 24)
                std::swap(handed[(worker * 7 + round) % handed.size()], handed.back()), taken = handed.back(),
                                                                                        handed.pop_back();
        }
        if (!taken.ptr)
            continue;
        uint64_t own = sum(taken, taken.bytes);
        if (taken.how < NEW && taken.seed % 5 == 0)
            resize(taken);
        release(taken);
        const std::lock_guard<std::mutex> hold(lock);
        total += own;
    }
}

/* The C and C++ libraries allocate, the program frees, and the other way round. */
void libraries()
{
    const std::string large(3 * MiB, 'x');
    char *copy = strdup(large.c_str()), *printed = nullptr, *line = nullptr, *streamed = nullptr;
    size_t room = 0, streamed_bytes = 0;
    if (asprintf(&printed, "%s and %s", copy, "more") < 0)
        exit(1);
    FILE *stream = open_memstream(&streamed, &streamed_bytes);
    fputs(printed, stream);
    fputs("\n", stream);
    fclose(stream);
    FILE *again = fmemopen(streamed, streamed_bytes, "r");
    char *grown = static_cast<char *>(realloc(copy, 6 * MiB)), *path = realpath("/", nullptr);
    const ssize_t got = getline(&line, &room, again);
    fclose(again);
    printf("libraries: %zu %zu %zd %c %s\n", strlen(printed), streamed_bytes, got, grown[3 * MiB - 1], path);
    for (char *each : {grown, printed, line, streamed, path})
        free(each);
    std::vector<std::string> strings(2000, std::string(3000, 'y'));
    std::vector<double> numbers;
    for (int i = 0; i < 400000; i++)
        numbers.push_back(i);
    auto shared = std::make_shared<std::vector<std::string>>(std::move(strings));
    std::thread([shared, numbers = std::move(numbers)]() mutable {
        printf("vectors: %.0f %zu\n", std::accumulate(numbers.begin(), numbers.end(), 0.0), shared->size());
    }).join();
}
} // namespace

int main()
{
    std::vector<std::thread> threads;
    for (unsigned i = 1; i <= 4; i++)
        threads.emplace_back(work, i);
    for (std::thread &thread : threads)
        thread.join();
    for (const block &b : handed) {
        total += sum(b, b.bytes);
        release(b);
    }
    printf("blocks: %016llx\n", static_cast<unsigned long long>(total));
    libraries();
    return 0;
}
