/* The file behind the record (policy/record.h): in $XDG_RUNTIME_DIR/autopin or /dev/shm/autopin-UID, memory both, for
 * the user alone.  It is there while the process lives, and after a death that nobody could see coming. */
#ifndef AUTOPIN_RECORD_FILE_H
#define AUTOPIN_RECORD_FILE_H

/* record_file.c */
extern const struct record_files record_files;

/* From now on there is a file once there is something to count.  Context: start. */
void record_file_start(void);

/* What the program was called with, if the loader says so.  Context: constructor. */
extern struct record_arguments {
    char **at; /* NULL: not known */
    int n;
} record_arguments __attribute__((visibility("hidden")));

/* Something that the report says of the process, for one made of the file. */
void record_file_note(unsigned number, const char *note);
void record_file_driver(const char *description, int simulated);

#endif
