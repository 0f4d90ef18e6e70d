#!/bin/sh
# Runs a test that measures no time: beside one that does, as DCS_TEST_NICE says, with less of the cores.
#
#     give_way.sh COMMAND ...
exec nice -n "${DCS_TEST_NICE:-0}" "$@"
