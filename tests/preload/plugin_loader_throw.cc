// A plugin that throws across its border, and catches what the program throws.
#include <stdexcept>
#include <vector>

extern "C" __attribute__((visibility("default"))) void loader_throw(int depth)
{
    std::vector<char> large(3u << 20, 1);
    if (depth == 0)
        throw std::runtime_error("from the plugin");
    loader_throw(depth - 1);
    large[0] = 2;
}

extern "C" __attribute__((visibility("default"))) int loader_catch(void (*thrower)())
{
    try {
        thrower();
    } catch (const std::exception &) {
        return 1;
    }
    return 0;
}
