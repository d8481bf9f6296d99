/* A plugin that asks dlsym(RTLD_NEXT, ...) for a name it defines itself.  Without optimisation; t_loader_rule_01_next.c
 * asks with it.
 *
 * build: -O0
 */
#define _GNU_SOURCE
#include <dlfcn.h>

__attribute__((visibility("default"))) int atoi(const char *text);
__attribute__((visibility("default"))) void *loader_next_atoi(void);

int atoi(const char *text)
{
    int (*next)(const char *) = (int (*)(const char *))loader_next_atoi();
    return next ? next(text) : -1;
}

void *loader_next_atoi(void)
{
    void *found = dlsym(RTLD_NEXT, "atoi");
    return found;
}
