/* Which processes know each other by number: those of one PID namespace, as a container has its own. */
#ifndef AUTOPIN_PID_NAMESPACE_H
#define AUTOPIN_PID_NAMESPACE_H

#include <stdint.h>

/* That of this process; 0 where it cannot be told: there is no /proc.  errno is kept. */
uint64_t pid_namespace(void);

#endif
