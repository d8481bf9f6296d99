/* Prints the linker's version script for libautopin.so: every hooked or guarded entry point is global, all else local.
 *
 * Built and run by the Makefile.  The node is anonymous on purpose: with a named one, glibc 2.36 binds the program's
 * unversioned dlsym elsewhere and nothing is interposed, silently. */
#include <stdio.h>

#define EXPORT_LIBC(name)  puts("        " #name ";");
#define EXPORT_HOOK(name)  puts("        " #name ";");
#define EXPORT_GUARD(name) puts("        " #name ";");
#define EXPORT_PASS(name)
#define EXPORT_USE(name)
#define EXPORT_USE(name)

int main(void)
{
    puts("{\n    global:");
#define ENTRY(name, group, kind, since, reason) EXPORT_##kind(name)
#include "../preload/entry_points.def"
#undef ENTRY
    puts("    local:\n        *;\n};");
    return 0;
}
