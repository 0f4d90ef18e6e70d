/* Events of the audit log.  Text that came from outside is made valid before it goes on: a database
 * takes neither NUL nor what is not UTF-8, and a batch must not fail for one claim in it. */
#include "model/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

const char *audit_decision(int status)
{
    if (status < 400)
        return "allowed";
    if (status == 401 || status == 403 || status == 429)
        return "refused";
    return status >= 500 ? "failed" : "rejected";
}

/* What a reader may be shown: no control character, and no longer than the schema takes. */
static void clean(struct text text, size_t most, char *ret_text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.length;) {
        size_t width = text_utf8_width(text.bytes + i, text.length - i);
        unsigned char byte = (unsigned char)text.bytes[i];
        bool bad = width == 0 || byte < 0x20 || byte == 0x7f;
        size_t needed = bad ? 1 : width;
        if (length + needed > most)
            break;
        if (bad)
            ret_text[length] = '?';
        else
            memcpy(ret_text + length, text.bytes + i, width);
        length += needed;
        i += needed;
    }
    ret_text[length] = '\0';
}

static void write_optional(struct json_writer *writer, const char *name, const char *text)
{
    if (text[0])
        json_writer_member_text(writer, name, text);
}

struct shown {
    char identity[AUDIT_IDENTITY_MAX + 1];
    char subject[AUDIT_SUBJECT_MAX + 1];
};

static void show(const struct audit_event *event, struct shown *ret_shown)
{
    clean(event->identity, AUDIT_IDENTITY_MAX, ret_shown->identity);
    clean(event->subject, AUDIT_SUBJECT_MAX, ret_shown->subject);
}

void audit_event_write(struct json_writer *writer, const struct audit_event *event)
{
    char stamp[CLOCK_ISO_LENGTH + 1];
    struct shown shown;
    clock_format_iso(event->at_ms, stamp);
    show(event, &shown);
    json_writer_begin_object(writer);
    json_writer_member_text(writer, "at", stamp);
    json_writer_member_text(writer, "request_id", event->request_id.text);
    write_optional(writer, "project_id", event->project);
    write_optional(writer, "identity", shown.identity);
    json_writer_member_boolean(writer, "proved", event->proved);
    write_optional(writer, "source", event->source);
    json_writer_member_text(writer, "action", event->action);
    write_optional(writer, "instance_id", event->instance);
    write_optional(writer, "subject", shown.subject);
    json_writer_member_text(writer, "decision", audit_decision(event->status));
    json_writer_member_number(writer, "status", event->status);
    write_optional(writer, "code", event->code);
    json_writer_member_number(writer, "times", event->times);
    json_writer_end_object(writer);
}

void audit_event_log(const struct audit_event *event)
{
    struct shown shown;
    char id[UUID_HEX_LENGTH + 1]; /* as the client was told it */
    const char *request_id = id, *identity = shown.identity, *subject = shown.subject;
    uuid_format_hex(&event->request_id, id);
    show(event, &shown);
    LOG_INFO("audit", LOG_TEXT("request_id", request_id), LOG_TEXT("project", event->project),
             LOG_TEXT("identity", identity), LOG_NUMBER("proved", event->proved),
             LOG_TEXT("source", event->source), LOG_TEXT("action", event->action),
             LOG_TEXT("instance", event->instance), LOG_TEXT("subject", subject),
             LOG_TEXT("decision", audit_decision(event->status)),
             LOG_NUMBER("status", event->status), LOG_TEXT("code", event->code),
             LOG_NUMBER("times", event->times));
}
