/* wait.c: how a Python thread waits.
 *
 * The thread sleeps detached from its interpreter and finishes the wait after it is attached again.  A thread that never
 * comes back from attaching (a daemon thread while its interpreter is finalized) thus leaves its message in the wait,
 * from where the end of the domain gives it to the next receiver.  CPython 3.12 and 3.13 end such a thread by
 * pthread_exit: no frame of Rust is on its stack there. */
#include "core.h"

#include <math.h>
#include <sched.h>
#include <time.h>

/* Only the thread that gets signals looks up, for one that comes just before the sleep does not end it: first after this
 * time, then after four times as long, at last this often. */
#define FIRST_SIGNAL_CHECK_NS UINT64_C(4000000)
#define SIGNAL_CHECK_NS UINT64_C(250000000)

int core_timeout_from_object(PyObject *timeout, uint64_t *out)
{
    if (timeout == Py_None) {
        *out = CORE_FOR_EVER;
        return 0;
    }
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) {
            return -1;
        }
        /* An int that no float can hold. */
        PyErr_Clear();
        PyObject *zero = PyLong_FromLong(0);
        int negative = zero == NULL ? -1 : PyObject_RichCompareBool(timeout, zero, Py_LT);
        Py_XDECREF(zero);
        if (negative < 0) {
            return -1;
        }
        seconds = negative ? -INFINITY : INFINITY;
    }
    if (isnan(seconds)) {
        PyErr_SetString(PyExc_ValueError, "timeout must be a number, not NaN");
        return -1;
    }
    if (seconds < 0) {
        PyErr_SetString(PyExc_ValueError, "timeout must not be negative");
        return -1;
    }
    double nanoseconds = ceil(seconds * 1e9);
    *out = nanoseconds < 9e18 ? (uint64_t)nanoseconds : CORE_FOR_EVER;
    return 0;
}

/* How much of the time is left. */
static uint64_t left_until(uint64_t deadline)
{
    if (deadline == CORE_FOR_EVER) {
        return CORE_FOR_EVER;
    }
    uint64_t now = xi_clock_ns();
    return now < deadline ? deadline - now : 0;
}

/* In the thread that gets signals.  XI_OK: there is no more to wait for; XI_ERR_INTERRUPTED: a handler raised. */
static xi_status sleep_with_signals(xi_wait *wait, uint64_t deadline)
{
    for (uint64_t check = FIRST_SIGNAL_CHECK_NS;; check *= 4) {
        check = check < SIGNAL_CHECK_NS ? check : SIGNAL_CHECK_NS;
        uint64_t left = left_until(deadline);
        PyThreadState *thread = PyEval_SaveThread();
        xi_status status = xi_wait_sleep(wait, left < check ? left : check);
        PyEval_RestoreThread(thread);
        /* What is settled is given out, and its signal is served right after the call. */
        if (status == XI_OK || xi_wait_is_settled(wait)) {
            return XI_OK;
        }
        if (PyErr_CheckSignals() < 0) {
            return XI_ERR_INTERRUPTED;
        }
        /* What is neither of the two is an answer: a handler may even have forked. */
        if ((status != XI_ERR_TIMEOUT && status != XI_ERR_INTERRUPTED) || left_until(deadline) == 0) {
            return XI_OK;
        }
    }
}

static void sleep_undisturbed(xi_wait *wait, uint64_t deadline)
{
    PyThreadState *thread = PyEval_SaveThread();
    while (xi_wait_sleep(wait, left_until(deadline)) == XI_ERR_INTERRUPTED) {
    }
    PyEval_RestoreThread(thread);
}

/* Another thread is in the middle of its operation: lets it run, detached.  round counts how often that was in vain. */
static void let_others_run(int round)
{
    struct timespec nap = {.tv_nsec = round <= 64 ? 0 : 1000000};
    PyThreadState *thread = PyEval_SaveThread();
    if (nap.tv_nsec == 0) {
        (void)sched_yield();
    } else {
        (void)nanosleep(&nap, NULL);
    }
    PyEval_RestoreThread(thread);
}

/* A handler raised. */
static xi_status give_up(xi_wait *wait, int sends, xi_value *value)
{
    if (!sends) {
        /* A message that came meanwhile is for the next receiver. */
        xi_wait_release(wait);
    } else if (xi_wait_finish(wait, value) == XI_OK) {
        /* Sent while the handler ran: the exception stands all the same, as with queue.Queue. */
        *value = (xi_value){{0}};
    }
    return XI_ERR_INTERRUPTED;
}

xi_status core_wait(core_state *state, xi_wait *wait, int sends, uint64_t timeout_ns, xi_value *value)
{
    const int takes_signals = core_takes_signals(state);
    uint64_t now = xi_clock_ns();
    uint64_t deadline = timeout_ns < CORE_FOR_EVER - now ? now + timeout_ns : CORE_FOR_EVER;
    for (int round = 0;; round++) {
        if (!xi_wait_is_settled(wait)) {
            round = 0;
            if (!takes_signals) {
                sleep_undisturbed(wait, deadline);
            } else if (sleep_with_signals(wait, deadline) == XI_ERR_INTERRUPTED) {
                return give_up(wait, sends, value);
            }
        } else if (round > 0) {
            let_others_run(round);
            if (takes_signals && PyErr_CheckSignals() < 0) {
                return give_up(wait, sends, value);
            }
        }
        if (!xi_wait_is_settled(wait) || (round > 0 && left_until(deadline) == 0)) {
            return xi_wait_finish(wait, value);
        }
        xi_status status = xi_wait_try(wait, value);
        if (status != XI_ERR_EMPTY && status != XI_ERR_FULL) {
            return status;
        }
        /* Somebody else was faster: on, in the old place. */
    }
}
