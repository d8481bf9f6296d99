// C++ exceptions cross a plugin's border in both directions while libunwind is in the process for autopin's own use,
// and with threads that allocate meanwhile (rule 39).
/*
 * build: -pthread
 */
#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> failures;

static void expect(bool ok, const char *what)
{
    if (!ok && failures++ < 10)
        fprintf(stderr, "t_cpp_rule_39_throw: %s\n", what);
}

static void allocate(size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        std::vector<char> large((2u << 20) + i * 4096);
        large[i] = 1;
    }
}

struct counted {
    static int live;
    std::vector<char> memory = std::vector<char>(2u << 20);
    counted()
    {
        live++;
    }
    ~counted()
    {
        live--;
    }
};
int counted::live;

static void thrower()
{
    counted one;
    throw std::out_of_range("from the program");
}

static void across(void (*plugin_throw)(int), int (*plugin_catch)(void (*)()))
{
    for (int depth = 0; depth < 20; depth++) {
        std::string said;
        try {
            counted one;
            plugin_throw(depth);
        } catch (const std::runtime_error &error) {
            said = error.what();
        }
        expect(said == "from the plugin", "what the plugin threw was not caught");
        expect(plugin_catch(thrower) == 1, "what the program threw was not caught");
    }
    expect(counted::live == 0, "destructors did not run");
}

// new throws where malloc fails.
static void too_large()
{
    bool thrown = false;
    volatile size_t huge = ~size_t(0) / 4;
    try {
        char *volatile memory = new char[huge];
        delete[] memory;
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    expect(thrown, "new of a quarter of all memory did not throw");
}

static void in_threads()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([] {
            for (int round = 0; round < 200; round++) {
                try {
                    std::vector<char> large((1u << 20) + size_t(round));
                    throw round;
                } catch (int caught) {
                    expect(caught == round, "another round's exception");
                }
            }
        });
    for (auto &thread : threads)
        thread.join();
}

static bool unwinder_loaded()
{
    void *lib = dlopen("libunwind.so.8", RTLD_NOLOAD | RTLD_NOW);
    return lib != nullptr;
}

/* As many stacks as there are paths: so many that autopin loads libunwind for them. */
static __attribute__((noinline)) int allocate_from(unsigned path, unsigned depth)
{
    volatile int done = 0;
    if (depth == 0) {
        char *volatile memory = new char[3u << 20];
        delete[] memory;
    } else if (path & 1) {
        done = allocate_from(path >> 1, depth - 1);
    } else {
        done = allocate_from(path >> 1, depth - 1) + 1;
    }
    return done;
}

static void ask_for_unwinder()
{
    for (int i = 0; i < 500 && !unwinder_loaded(); i++) {
        for (unsigned path = 0; path < 128; path++)
            allocate_from(path, 7);
        std::this_thread::sleep_for(std::chrono::milliseconds(i ? 10 : 0));
    }
}

int main(int argc, char **argv)
{
    std::string path = argv[0];
    path = path.substr(0, path.rfind('/') + 1) + "plugin_loader_throw.so";
    allocate(20);
    if (argc > 1)
        ask_for_unwinder();
    if (argc > 1)
        expect(unwinder_loaded(), "libunwind is not in the process: this run proves nothing");
    void *plugin = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!plugin) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    auto *plugin_throw = reinterpret_cast<void (*)(int)>(dlsym(plugin, "loader_throw"));
    auto *plugin_catch = reinterpret_cast<int (*)(void (*)())>(dlsym(plugin, "loader_catch"));
    across(plugin_throw, plugin_catch);
    too_large();
    in_threads();
    allocate(20);
    across(plugin_throw, plugin_catch);
    return failures ? 1 : 0;
}
