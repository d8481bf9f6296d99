/* Where a report goes, as a path says it.
 *
 * A reader of a file sees the old one or the whole new one.  What is there and is no file (a device, a pipe) is written
 * to, and so is a descriptor of the program's that the path stands for: /dev/stdout is a link, and would be replaced by
 * a file for everybody. */
#ifndef AUTOPIN_REPORT_PLACE_H
#define AUTOPIN_REPORT_PLACE_H

struct report_place {
    char path[512], fresh[544]; /* fresh: what is written, and then gets the name */
    int in_place;               /* they are the same */
    int descriptor;             /* of the program's; -1: none */
};

/* pattern: with %p, %h and %r. */
void report_place_find(struct report_place *place, const char *pattern);

/* Returns a descriptor.  Errors: -errno. */
int report_place_open(const struct report_place *place);

/* well: all is written, and shall have its name; else nothing is left of it.  Errors: -errno. */
int report_place_close(const struct report_place *place, int fd, int well);

#endif
