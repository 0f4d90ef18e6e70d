/* What was asked for; load.c says what each means. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <stdbool.h>

enum { CONNECTIONS_MAX = 100000, DEPTH_MAX = 256, STATUS_MAX = 1000 };

#define OPTIONS_USAGE                                                                              \
    "load --url http[s]://host:port --requests FILE --connections N (--seconds S | --once) "       \
    "[--rate R] [--connect keep|full|resumed] [--ca FILE] [--depth D] [--status 200[,204..]] "     \
    "[--warm S]\n"

struct options {
    const char *url, *requests, *ca; /* of the command line */
    unsigned connections, depth;
    double seconds, warm; /* seconds is 0 with once */
    double rate;          /* requests a second; 0: as fast as they are answered */
    bool once;
    bool fresh, resumes; /* a connection for each request; taking up the session before */
    bool accepted[STATUS_MAX];
};

/* False where they do not make sense. */
bool options_read(int argc, char **argv, struct options *options);

#endif
