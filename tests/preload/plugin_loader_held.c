/* Its constructor, with the loader's lock held, calls into the program. */
void plugin_entered(void) __attribute__((weak));

__attribute__((constructor)) static void constructor(void)
{
    if (plugin_entered)
        plugin_entered();
}
