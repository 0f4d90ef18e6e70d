-- The trace that a task was asked for in, so that what a worker says of it can be found with the request.

ALTER TABLE scan_task
    -- W3C Trace Context's traceparent, with the span of the request; null where its client told none
    ADD COLUMN trace_parent text,
    -- Not held against what is there, which has none: that would read the whole table while nobody may.
    ADD CONSTRAINT scan_task_trace_parent CHECK (char_length(trace_parent) = 55) NOT VALID;
