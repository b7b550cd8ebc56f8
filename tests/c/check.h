/* What the C tests share: checks that count and print, threads, and time.  Include it first. */
#ifndef CHECK_H
#define CHECK_H

#define _GNU_SOURCE

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <crossinterp.h>

#define MILLISECOND UINT64_C(1000000)
#define FOREVER UINT64_MAX
/* Longer than anything here takes: a wait that reaches it has failed. */
#define LONG (20000 * MILLISECOND)

static atomic_long check_done;
static atomic_long check_failed;

static inline bool check_that(bool holds, const char *what, const char *file, int line)
{
    atomic_fetch_add(&check_done, 1);
    if (!holds) {
        atomic_fetch_add(&check_failed, 1);
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    }
    return holds;
}

static inline bool check_status(xi_status expected, xi_status got, const char *what, const char *file,
                                int line)
{
    bool same = check_that(expected == got, what, file, line);
    if (!same) {
        fprintf(stderr, "    expected %s, got %s (%d)\n", xi_status_name(expected), xi_status_name(got),
                (int)got);
    }
    return same;
}

/* Each says whether it holds, so that a test can stop where going on makes no sense. */
#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_STATUS(expected, call) check_status((expected), (call), #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(XI_OK, call)
/* For what the rest of the program stands on. */
#define REQUIRE_OK(call)                                                                                     \
    do {                                                                                                     \
        if (!CHECK_OK(call)) {                                                                               \
            exit(2);                                                                                         \
        }                                                                                                    \
    } while (0)

/* The last line of main: prints the counts, answers the exit code.  A program that checked nothing has failed. */
static inline int check_report(const char *name)
{
    long done = atomic_load(&check_done);
    long failed = atomic_load(&check_failed);
    printf("%s: %ld checks, %ld failed\n", name, done, failed);
    return done == 0 || failed != 0;
}

static inline pthread_t check_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, argument) != 0) {
        perror("pthread_create");
        exit(2);
    }
    return thread;
}

static inline void check_join(pthread_t thread)
{
    if (pthread_join(thread, NULL) != 0) {
        perror("pthread_join");
        exit(2);
    }
}

static inline void check_pause_ms(long milliseconds)
{
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&pause, &pause) != 0) {
    }
}

/* A channel of that capacity, held by that domain (or by none). */
static inline void check_channel_in(xi_domain *domain, size_t capacity, xi_sender **sender,
                                    xi_receiver **receiver)
{
    xi_channel_options options = {sizeof options, capacity, domain};
    REQUIRE_OK(xi_channel_new(&options, sender, receiver));
}

static inline void check_channel(size_t capacity, xi_sender **sender, xi_receiver **receiver)
{
    check_channel_in(NULL, capacity, sender, receiver);
}

static inline xi_status check_try_send_int(const xi_sender *sender, int64_t number)
{
    xi_value value = xi_value_int(number);
    xi_status status = xi_sender_try_send(sender, &value);
    xi_value_release(&value);
    return status;
}

static inline xi_status check_send_int(const xi_sender *sender, int64_t number)
{
    xi_value value = xi_value_int(number);
    xi_status status = xi_sender_send_wait(sender, &value, LONG);
    xi_value_release(&value);
    return status;
}

/* The int in *value, which is released. */
static inline int64_t check_int(xi_value *value)
{
    int64_t number = INT64_MIN;
    CHECK_OK(xi_value_as_int(value, &number));
    xi_value_release(value);
    return number;
}

/* Receives an int without waiting; INT64_MIN and a failed check if there is none. */
static inline int64_t check_try_recv_int(const xi_receiver *receiver)
{
    xi_value value = {{0, 0}};
    return CHECK_OK(xi_receiver_try_recv(receiver, &value)) ? check_int(&value) : INT64_MIN;
}

static inline int64_t check_recv_int(const xi_receiver *receiver)
{
    xi_value value = {{0, 0}};
    return CHECK_OK(xi_receiver_recv_wait(receiver, LONG, &value)) ? check_int(&value) : INT64_MIN;
}

/* The library does not say who waits, so a test that wants to meet a sleeper lets time pass: long enough for a thread
 * to come to its sleep.  No test depends on it having done so. */
static inline void check_let_others_sleep(void)
{
    check_pause_ms(30);
}

#endif /* CHECK_H */
