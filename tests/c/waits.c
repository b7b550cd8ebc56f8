/* Waits in three steps: begin, sleep, finish; wake functions; signals. */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

static xi_wait *begin_recv(const xi_receiver *receiver)
{
    xi_wait *wait = NULL;
    REQUIRE_OK(xi_receiver_recv_begin(receiver, NULL, NULL, &wait));
    return wait;
}

static void a_receive_is_begun_slept_and_finished(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(2, &sender, &receiver);
    xi_wait *wait = begin_recv(receiver);
    CHECK(xi_wait_is_settled(wait) == 0);
    uint64_t start = xi_clock_ns();
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_sleep(wait, 20 * MILLISECOND));
    CHECK(xi_clock_ns() - start >= 20 * MILLISECOND);
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_sleep(wait, 0));
    CHECK_OK(check_try_send_int(sender, 5));
    CHECK(xi_wait_is_settled(wait) == 1);
    CHECK_OK(xi_wait_sleep(wait, 0));
    xi_value value = {{0, 0}};
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 5);

    /* A message that is there already settles a wait as it begins. */
    CHECK_OK(check_try_send_int(sender, 6));
    wait = begin_recv(receiver);
    CHECK(xi_wait_is_settled(wait) == 1);
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 6);

    /* One that is finished while it waits takes nothing, neither then nor later. */
    wait = begin_recv(receiver);
    value = xi_value_int(1);
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 1);
    CHECK_OK(check_try_send_int(sender, 7));
    CHECK(check_try_recv_int(receiver) == 7);

    /* A close settles it. */
    wait = begin_recv(receiver);
    CHECK_OK(xi_sender_close(sender));
    CHECK_OK(xi_wait_sleep(wait, FOREVER));
    CHECK_STATUS(XI_ERR_CLOSED, xi_wait_finish(wait, &value));
    wait = begin_recv(receiver);
    CHECK(xi_wait_is_settled(wait) == 1);
    CHECK_STATUS(XI_ERR_CLOSED, xi_wait_finish(wait, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void a_send_is_begun_slept_and_finished(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(1, &sender, &receiver);
    xi_wait *wait = NULL;
    xi_value value = xi_value_int(1);
    REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &wait)); /* there is room */
    CHECK(xi_value_kind(&value) == XI_KIND_MOVED);
    CHECK(xi_wait_is_settled(wait) == 1);
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(xi_value_kind(&value) == XI_KIND_MOVED);

    value = xi_value_int(2);
    REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &wait));
    CHECK(xi_value_kind(&value) == XI_KIND_MOVED);
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_sleep(wait, MILLISECOND));
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_finish(wait, &value)); /* gives it back */
    CHECK(check_int(&value) == 2);

    value = xi_value_int(3);
    REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &wait));
    CHECK(check_try_recv_int(receiver) == 1);
    CHECK_OK(xi_wait_sleep(wait, FOREVER));
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_try_recv_int(receiver) == 3);

    CHECK_OK(check_try_send_int(sender, 4));
    value = xi_value_int(5);
    REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &wait));
    CHECK_OK(xi_receiver_close(receiver));
    CHECK_OK(xi_wait_sleep(wait, FOREVER));
    CHECK_STATUS(XI_ERR_CLOSED, xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 5);
    CHECK(check_try_recv_int(receiver) == 4);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void waits_are_served_in_the_order_of_beginning(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(0, &sender, &receiver);
    xi_wait *waits[5];
    xi_value value = {{0, 0}};
    for (int i = 0; i < 5; i++) {
        waits[i] = begin_recv(receiver);
    }
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_sleep(waits[0], MILLISECOND)); /* costs no turn */
    xi_wait_release(waits[2]);
    for (int i = 0; i < 4; i++) {
        CHECK_OK(check_try_send_int(sender, i));
    }
    CHECK_STATUS(XI_ERR_FULL, check_try_send_int(sender, 4));
    const int order[] = {0, 1, 3, 4};
    for (int i = 3; i >= 0; i--) {
        CHECK_OK(xi_wait_finish(waits[order[i]], &value));
        CHECK(check_int(&value) == i);
    }

    for (int i = 0; i < 3; i++) {
        value = xi_value_int(10 + i);
        REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &waits[i]));
    }
    for (int i = 0; i < 3; i++) {
        CHECK(check_try_recv_int(receiver) == 10 + i);
        CHECK_OK(xi_wait_finish(waits[i], &value));
    }
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void count_settled(void *data)
{
    atomic_fetch_add((atomic_int *)data, 1);
}

/* Who was woken for something that another one took keeps its place, and is woken again. */
static void a_wait_that_found_nothing_waits_on(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(1, &sender, &receiver);
    xi_value value = xi_value_int(-1);
    CHECK_OK(check_try_send_int(sender, 0));
    xi_wait *first = begin_recv(receiver);
    atomic_int calls = 0;
    xi_wait *second;
    REQUIRE_OK(xi_receiver_recv_begin(receiver, count_settled, &calls, &second));
    CHECK(atomic_load(&calls) == 1);
    CHECK(check_try_recv_int(receiver) == 0); /* faster than both */
    CHECK_STATUS(XI_ERR_EMPTY, xi_wait_try(second, &value));
    CHECK(xi_wait_is_settled(first) == 1 && xi_wait_is_settled(second) == 0);
    CHECK_STATUS(XI_ERR_EMPTY, xi_wait_try(first, &value));
    CHECK_STATUS(XI_ERR_EMPTY, xi_wait_try(first, &value));
    CHECK(xi_wait_is_settled(first) == 0);
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_sleep(first, 0));
    CHECK(check_int(&value) == -1);
    CHECK_OK(check_try_send_int(sender, 10)); /* to the first, which waits in its old place */
    CHECK_STATUS(XI_ERR_EMPTY, xi_wait_try(second, &value));
    CHECK_OK(xi_wait_sleep(first, FOREVER));
    CHECK_OK(xi_wait_try(first, &value)); /* and frees it */
    CHECK(check_int(&value) == 10);
    CHECK(atomic_load(&calls) == 1);
    xi_receiver_close(receiver);
    CHECK(atomic_load(&calls) == 2);
    CHECK_STATUS(XI_ERR_CLOSED, xi_wait_try(second, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);

    check_channel(1, &sender, &receiver);
    CHECK_OK(check_try_send_int(sender, 1));
    value = xi_value_int(2);
    xi_wait *send;
    REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &send));
    CHECK(check_try_recv_int(receiver) == 1);
    CHECK_OK(check_try_send_int(sender, 3)); /* faster */
    CHECK_STATUS(XI_ERR_FULL, xi_wait_try(send, &value));
    CHECK(check_try_recv_int(receiver) == 3);
    CHECK_OK(xi_wait_try(send, &value));
    CHECK(check_try_recv_int(receiver) == 2);
    CHECK_STATUS(XI_ERR_NULL, xi_wait_try(NULL, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

/* A message in a wait that is let go is not lost, and does not lose its place. */
static void a_release_passes_the_message_on(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(4, &sender, &receiver);
    xi_wait *first = begin_recv(receiver);
    xi_wait *second = begin_recv(receiver);
    for (int i = 1; i <= 4; i++) {
        CHECK_OK(check_try_send_int(sender, i));
    }
    CHECK(xi_wait_is_settled(first) == 1);
    CHECK(xi_wait_is_settled(second) == 1);
    xi_wait_release(second);
    xi_wait_release(first);
    for (int i = 1; i <= 4; i++) {
        CHECK(check_try_recv_int(receiver) == i);
    }

    first = begin_recv(receiver);
    second = begin_recv(receiver);
    CHECK_OK(check_try_send_int(sender, 5));
    CHECK(xi_wait_is_settled(second) == 0);
    xi_wait_release(first); /* straight to the one that waits */
    CHECK(xi_wait_is_settled(second) == 1);
    xi_value value = {{0, 0}};
    CHECK_OK(xi_wait_finish(second, &value));
    CHECK(check_int(&value) == 5);

    /* An unsent value goes with its wait. */
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    check_channel(0, &sender, &receiver);
    value = xi_value_int(6);
    xi_wait *wait;
    REQUIRE_OK(xi_sender_send_begin(sender, &value, NULL, NULL, &wait));
    xi_wait_release(wait);
    CHECK_STATUS(XI_ERR_EMPTY, xi_receiver_try_recv(receiver, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

/* A wait that outlived the handle it was begun with is finished as usual. */
static void the_handle_may_go_first(void)
{
    xi_sender *sender;
    xi_receiver *receiver, *other;
    check_channel(2, &sender, &receiver);
    REQUIRE_OK(xi_receiver_clone(receiver, &other));
    CHECK_OK(check_try_send_int(sender, 1));
    xi_wait *settled = begin_recv(receiver);
    xi_receiver_release(receiver);
    xi_value value = {{0, 0}};
    CHECK_OK(xi_wait_finish(settled, &value));
    CHECK(check_int(&value) == 1);
    xi_receiver_release(other);
    xi_sender_release(sender);
}

struct bell {
    int fd;
    atomic_int rings;
};

static void ring_bell(void *data)
{
    struct bell *bell = data;
    atomic_fetch_add(&bell->rings, 1);
    uint64_t one = 1;
    CHECK(write(bell->fd, &one, sizeof one) == sizeof one);
}

static bool bell_rings(struct bell *bell, int milliseconds)
{
    struct pollfd poller = {.fd = bell->fd, .events = POLLIN};
    uint64_t count;
    return poll(&poller, 1, milliseconds) == 1 && read(bell->fd, &count, sizeof count) == sizeof count;
}

struct later {
    xi_sender *sender;
    int64_t number;
};

static void *send_later(void *argument)
{
    struct later *later = argument;
    check_pause_ms(10);
    CHECK_OK(check_send_int(later->sender, later->number));
    return NULL;
}

static void a_wake_function_is_called_once(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(1, &sender, &receiver);
    struct bell bell = {.fd = eventfd(0, EFD_CLOEXEC)};
    CHECK(bell.fd >= 0);
    xi_wait *wait = NULL;
    xi_value value = {{0, 0}};

    REQUIRE_OK(xi_receiver_recv_begin(receiver, ring_bell, &bell, &wait));
    CHECK_STATUS(XI_ERR_OPTION, xi_wait_sleep(wait, 0));
    CHECK(!bell_rings(&bell, 0));
    struct later later = {sender, 5};
    pthread_t thread = check_thread(send_later, &later);
    CHECK(bell_rings(&bell, 20000));
    CHECK(xi_wait_is_settled(wait) == 1);
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 5);
    check_join(thread);
    CHECK(atomic_load(&bell.rings) == 1);

    /* From within begin, when there is nothing to wait for. */
    CHECK_OK(check_try_send_int(sender, 6));
    REQUIRE_OK(xi_receiver_recv_begin(receiver, ring_bell, &bell, &wait));
    CHECK(bell_rings(&bell, 0));
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 6);
    CHECK(atomic_load(&bell.rings) == 2);

    /* Not at all, when it is finished or released before anything came of it. */
    REQUIRE_OK(xi_receiver_recv_begin(receiver, ring_bell, &bell, &wait));
    CHECK_STATUS(XI_ERR_TIMEOUT, xi_wait_finish(wait, &value));
    REQUIRE_OK(xi_receiver_recv_begin(receiver, ring_bell, &bell, &wait));
    xi_wait_release(wait);
    CHECK_OK(check_try_send_int(sender, 7));
    CHECK(!bell_rings(&bell, 0));
    CHECK(atomic_load(&bell.rings) == 2);

    /* For a send, and by a close. */
    value = xi_value_int(8);
    REQUIRE_OK(xi_sender_send_begin(sender, &value, ring_bell, &bell, &wait));
    CHECK(!bell_rings(&bell, 0));
    CHECK_OK(xi_receiver_close(receiver));
    CHECK(bell_rings(&bell, 0));
    CHECK_STATUS(XI_ERR_CLOSED, xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 8);
    CHECK(atomic_load(&bell.rings) == 3);
    close(bell.fd);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

enum { RACES = 3000 };

/* The data of a wake function, and whether its owner has given it up. */
struct owned {
    atomic_int given_up;
    struct owned *next;
};

static void look_at_owner(void *data)
{
    struct owned *owned = data;
    CHECK(atomic_load(&owned->given_up) == 0);
    sched_yield(); /* gives the other thread time to finish the wait meanwhile */
    CHECK(atomic_load(&owned->given_up) == 0);
}

static void *send_many(void *argument)
{
    xi_sender *sender = argument;
    for (int64_t i = 0; i < RACES; i++) {
        CHECK_OK(check_send_int(sender, i));
    }
    return NULL;
}

/* Whoever finishes or releases a wait may free the data of its wake function at once: it does not run any more, nor
 * later. */
static void no_wake_function_runs_after_the_end_of_its_wait(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(0, &sender, &receiver);
    pthread_t thread = check_thread(send_many, sender);
    struct owned *all = NULL;
    int64_t next = 0;
    for (unsigned turn = 0; next < RACES; turn++) {
        struct owned *owned = malloc(sizeof *owned);
        *owned = (struct owned){.next = all};
        all = owned;
        xi_wait *wait;
        REQUIRE_OK(xi_receiver_recv_begin(receiver, look_at_owner, owned, &wait));
        for (unsigned spins = turn % 64; spins > 0 && xi_wait_is_settled(wait) == 0; spins--) {
            sched_yield();
        }
        if (turn % 3 == 0) {
            xi_wait_release(wait); /* a message in it goes to the next receive */
            atomic_store(&owned->given_up, 1);
        } else {
            xi_value value = {{0, 0}};
            xi_status status = xi_wait_finish(wait, &value);
            atomic_store(&owned->given_up, 1);
            if (status == XI_OK) {
                CHECK(check_int(&value) == next);
                next++;
            } else {
                CHECK_STATUS(XI_ERR_TIMEOUT, status);
            }
        }
    }
    check_join(thread);
    while (all != NULL) {
        struct owned *first = all;
        all = first->next;
        free(first);
    }
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static atomic_int signals;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

struct sleeper {
    xi_receiver *receiver;
    xi_wait *wait; /* sleeps in it, or in a plain receive if there is none */
    xi_status status;
    atomic_int done;
};

static void *sleep_until_signal(void *argument)
{
    struct sleeper *sleeper = argument;
    if (sleeper->wait != NULL) {
        sleeper->status = xi_wait_sleep(sleeper->wait, LONG);
    } else {
        xi_value value = {{0, 0}};
        sleeper->status = xi_receiver_recv_wait(sleeper->receiver, FOREVER, &value);
    }
    atomic_store(&sleeper->done, 1);
    return NULL;
}

static void interrupt(struct sleeper *sleeper)
{
    pthread_t thread = check_thread(sleep_until_signal, sleeper);
    while (!atomic_load(&sleeper->done)) {
        check_pause_ms(5); /* a signal that comes before the sleep does not end it: so another one */
        pthread_kill(thread, SIGUSR1);
    }
    check_join(thread);
}

static void a_signal_ends_a_sleep_but_not_its_wait(int flags)
{
    struct sigaction action = {.sa_handler = count_signal, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    atomic_store(&signals, 0);

    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(4, &sender, &receiver);
    struct sleeper plain = {.receiver = receiver};
    interrupt(&plain);
    CHECK_STATUS(XI_ERR_INTERRUPTED, plain.status);
    CHECK(atomic_load(&signals) > 0);

    struct sleeper in_wait = {.wait = begin_recv(receiver)};
    xi_wait *behind = begin_recv(receiver);
    interrupt(&in_wait);
    CHECK_STATUS(XI_ERR_INTERRUPTED, in_wait.status);
    CHECK(xi_wait_is_settled(in_wait.wait) == 0);
    CHECK_OK(check_try_send_int(sender, 1)); /* it kept its place before the other one */
    CHECK(xi_wait_is_settled(in_wait.wait) == 1);
    CHECK(xi_wait_is_settled(behind) == 0);
    xi_value value = {{0, 0}};
    CHECK_OK(xi_wait_sleep(in_wait.wait, FOREVER));
    CHECK_OK(xi_wait_finish(in_wait.wait, &value));
    CHECK(check_int(&value) == 1);
    xi_wait_release(behind);
    CHECK_OK(check_try_send_int(sender, 2)); /* the plain receive left nothing behind either */
    CHECK(check_try_recv_int(receiver) == 2);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

enum { ROUND_TRIPS = 5000 };

struct echo {
    xi_receiver *in;
    xi_sender *out;
};

static void *echo_numbers(void *argument)
{
    struct echo *echo = argument;
    for (int64_t i = 0; i < ROUND_TRIPS; i++) {
        int64_t number = check_recv_int(echo->in);
        if (!CHECK(number == i)) {
            break;
        }
        CHECK_OK(check_send_int(echo->out, number));
    }
    return NULL;
}

/* Each side sleeps and is woken in turn, now and then after a wait that timed out on the same thread. */
static void no_wake_up_is_lost(void)
{
    xi_sender *there, *back;
    xi_receiver *there_out, *back_out;
    check_channel(1, &there, &there_out);
    check_channel(0, &back, &back_out);
    struct echo echo = {there_out, back};
    pthread_t thread = check_thread(echo_numbers, &echo);
    for (int64_t i = 0; i < ROUND_TRIPS; i++) {
        CHECK_OK(check_send_int(there, i));
        xi_value value = {{0, 0}};
        xi_status status = xi_receiver_recv_wait(back_out, (uint64_t)(i % 40) * 1000, &value);
        if (status == XI_OK) {
            CHECK(check_int(&value) == i);
        } else {
            CHECK_STATUS(XI_ERR_TIMEOUT, status);
            CHECK(check_recv_int(back_out) == i);
        }
    }
    check_join(thread);
    xi_sender_release(there);
    xi_sender_release(back);
    xi_receiver_release(there_out);
    xi_receiver_release(back_out);
}

int main(void)
{
    a_receive_is_begun_slept_and_finished();
    a_send_is_begun_slept_and_finished();
    waits_are_served_in_the_order_of_beginning();
    a_wait_that_found_nothing_waits_on();
    a_release_passes_the_message_on();
    the_handle_may_go_first();
    a_wake_function_is_called_once();
    no_wake_function_runs_after_the_end_of_its_wait();
    a_signal_ends_a_sleep_but_not_its_wait(0);
    a_signal_ends_a_sleep_but_not_its_wait(SA_RESTART);
    no_wake_up_is_lost();
    return check_report("waits");
}
