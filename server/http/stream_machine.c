/* A few flags, looked at in the order of what matters most. */
#include "stream_machine.h"

static enum stream_step begin(struct stream_machine *machine, enum stream_step step, bool is_last,
                              int64_t now_ms)
{
    machine->is_sending = true;
    machine->is_over = is_last;
    machine->spoke_ms = now_ms;
    return step;
}

enum stream_step stream_machine_next(struct stream_machine *machine, uint64_t newest, bool is_final,
                                     int64_t now_ms)
{
    if (machine->is_sending || machine->is_over)
        return STREAM_WAIT;
    if (machine->is_refused)
        return begin(machine, STREAM_CLOSE, true, now_ms);
    if (machine->sent != newest) {
        machine->sent = newest;
        return begin(machine, STREAM_EVENT, is_final, now_ms);
    }
    if (machine->is_leaving)
        return begin(machine, STREAM_FAREWELL, true, now_ms);
    if (now_ms - machine->spoke_ms >= machine->silence_ms)
        return begin(machine, STREAM_COMMENT, false, now_ms);
    return STREAM_WAIT;
}

void stream_machine_take(struct stream_machine *machine)
{
    machine->is_sending = false;
}
