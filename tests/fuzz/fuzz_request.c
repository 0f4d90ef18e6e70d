#include "fuzz_request.h"

#include <stdlib.h>
#include <string.h>

static struct text own(struct text text)
{
    return (struct text){fuzz_copy(text), text.length};
}

static void release(struct text text)
{
    free((void *)(uintptr_t)text.bytes);
}

void fuzz_request_init(struct fuzz_request *request, struct text text)
{
    struct text line = fuzz_cut(&text, '\n');
    struct auth_request *auth = &request->auth;
    *auth = (struct auth_request){.headers = request->headers};
    auth->method = own(fuzz_cut(&line, ' '));
    auth->target = own(line);
    while (auth->header_count < FUZZ_HEADERS_MAX && text.length > 0) {
        line = fuzz_cut(&text, '\n');
        if (line.length == 0)
            break;
        struct auth_header *header = &request->headers[auth->header_count++];
        header->name = own(fuzz_cut(&line, ':'));
        header->value = own(line);
    }
    if (text.length > 0)
        auth->body = own(text);
}

void fuzz_request_release(struct fuzz_request *request)
{
    struct auth_request *auth = &request->auth;
    release(auth->method);
    release(auth->target);
    release(auth->body);
    for (size_t i = 0; i < auth->header_count; i++) {
        release(request->headers[i].name);
        release(request->headers[i].value);
    }
}

static const char *find_mark(struct text target)
{
    return target.length > 0 ? memchr(target.bytes, '?', target.length) : NULL;
}

struct text fuzz_request_path(const struct fuzz_request *request)
{
    struct text target = request->auth.target;
    const char *mark = find_mark(target);
    return (struct text){target.bytes, mark ? (size_t)(mark - target.bytes) : target.length};
}

struct text fuzz_request_query(const struct fuzz_request *request)
{
    struct text target = request->auth.target;
    const char *mark = find_mark(target);
    if (!mark)
        return (struct text){0};
    return (struct text){mark + 1, target.length - (size_t)(mark + 1 - target.bytes)};
}
