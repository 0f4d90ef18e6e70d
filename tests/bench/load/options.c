/* The command line, word by word. */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static bool read_number(const char *text, double least, double most, double *ret_number)
{
    char *rest;
    *ret_number = strtod(text, &rest);
    return rest != text && *rest == '\0' && *ret_number >= least && *ret_number <= most;
}

static bool read_statuses(const char *text, bool *accepted)
{
    for (char *rest; *text; text = rest + (*rest == ',')) {
        long status = strtol(text, &rest, 10);
        if (rest == text || (*rest != ',' && *rest != '\0') || status < 100 || status >= STATUS_MAX)
            return false;
        accepted[status] = true;
    }
    return true;
}

static bool read_connect(const char *how, struct options *options)
{
    options->resumes = strcmp(how, "resumed") == 0;
    options->fresh = options->resumes || strcmp(how, "full") == 0;
    return options->fresh || strcmp(how, "keep") == 0;
}

static bool read_option(int option, const char *value, struct options *options)
{
    double number = 0;
    bool read = true;
    switch (option) {
    case 'u':
        options->url = value;
        return true;
    case 'f':
        options->requests = value;
        return true;
    case 'a':
        options->ca = value;
        return true;
    case 'o':
        options->once = true;
        return true;
    case 'c':
        read = read_number(value, 1, CONNECTIONS_MAX, &number);
        options->connections = (unsigned)number;
        return read;
    case 'd':
        read = read_number(value, 1, DEPTH_MAX, &number);
        options->depth = (unsigned)number;
        return read;
    case 's':
        return read_number(value, 0.001, 1e6, &options->seconds);
    case 'w':
        return read_number(value, 0, 1e6, &options->warm);
    case 'r':
        return read_number(value, 0.001, 1e8, &options->rate);
    case 'k':
        return read_connect(value, options);
    case 'S':
        return read_statuses(value, options->accepted);
    default:
        return false;
    }
}

bool options_read(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"url", required_argument, NULL, 'u'},
                                          {"requests", required_argument, NULL, 'f'},
                                          {"connections", required_argument, NULL, 'c'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"once", no_argument, NULL, 'o'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"connect", required_argument, NULL, 'k'},
                                          {"ca", required_argument, NULL, 'a'},
                                          {"depth", required_argument, NULL, 'd'},
                                          {"status", required_argument, NULL, 'S'},
                                          {"warm", required_argument, NULL, 'w'},
                                          {0}};
    bool any = false;
    *options = (struct options){.connections = 1, .depth = 1};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (!read_option(option, optarg, options))
            return false;
    }
    for (int status = 0; status < STATUS_MAX; status++)
        any = any || options->accepted[status];
    for (int status = 200; !any && status < 300; status++)
        options->accepted[status] = true;
    if (options->fresh)
        options->depth = 1;
    return optind == argc && options->url && options->requests &&
           options->once == (options->seconds == 0) && !(options->once && options->rate > 0);
}
