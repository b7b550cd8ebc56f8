/* Domains: ending the waits of one, closing one, and what the others see of it. */
#include "check.h"

static xi_domain *open_domain(void)
{
    xi_domain *domain = NULL;
    REQUIRE_OK(xi_domain_open(&domain));
    CHECK(xi_domain_state(domain) == XI_DOMAIN_OPEN);
    return domain;
}

struct sleeper {
    xi_sender *sender;
    xi_receiver *receiver;
    xi_status status;
};

static void *sleep_in_recv(void *argument)
{
    struct sleeper *sleeper = argument;
    xi_value value = xi_value_int(1);
    sleeper->status = xi_receiver_recv_wait(sleeper->receiver, LONG, &value);
    CHECK(check_int(&value) == 1); /* untouched */
    return NULL;
}

static void *sleep_in_send(void *argument)
{
    struct sleeper *sleeper = argument;
    xi_value value = xi_value_int(2);
    sleeper->status = xi_sender_send_wait(sleeper->sender, &value, LONG);
    CHECK(check_int(&value) == 2);
    return NULL;
}

static void end_waits_ends_the_waits_of_its_own_threads(void)
{
    xi_domain *domain = open_domain();
    xi_sender *free_sender, *sender;
    xi_receiver *free_receiver, *receiver;
    check_channel(1, &free_sender, &free_receiver);
    xi_value end;
    REQUIRE_OK(xi_receiver_to_value(free_receiver, &end));
    REQUIRE_OK(xi_value_as_receiver(&end, domain, &receiver));
    xi_value_release(&end);
    REQUIRE_OK(xi_sender_to_value(free_sender, &end));
    REQUIRE_OK(xi_value_as_sender(&end, domain, &sender));
    xi_value_release(&end);

    enum { SLEEPERS = 6 };
    struct sleeper sleepers[SLEEPERS];
    pthread_t threads[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct sleeper){.receiver = receiver};
        threads[i] = check_thread(sleep_in_recv, &sleepers[i]);
    }
    check_let_others_sleep();
    CHECK_OK(xi_domain_end_waits(domain));
    CHECK(xi_domain_state(domain) == XI_DOMAIN_ENDING);
    for (int i = 0; i < SLEEPERS; i++) {
        check_join(threads[i]);
        CHECK_STATUS(XI_ERR_ENDED, sleepers[i].status);
    }

    /* New waits are refused, what need not wait still works. */
    xi_value value = xi_value_int(3);
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_recv_wait(receiver, LONG, &value));
    CHECK(check_int(&value) == 3);
    xi_wait *wait = NULL;
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_recv_begin(receiver, NULL, NULL, &wait));
    CHECK_OK(check_send_int(sender, 4));
    value = xi_value_int(5);
    CHECK_STATUS(XI_ERR_ENDED, xi_sender_send_begin(sender, &value, NULL, NULL, &wait));
    CHECK(wait == NULL);
    CHECK(check_int(&value) == 5);
    CHECK_STATUS(XI_ERR_FULL, check_try_send_int(sender, 5));
    CHECK_STATUS(XI_ERR_ENDED, check_send_int(sender, 5));
    CHECK(check_recv_int(receiver) == 4);

    /* A wait of somebody else on the same channel is none of the domain's. */
    wait = NULL;
    REQUIRE_OK(xi_receiver_recv_begin(free_receiver, NULL, NULL, &wait));
    CHECK_OK(xi_domain_end_waits(domain)); /* again */
    CHECK(xi_wait_is_settled(wait) == 0);
    CHECK_OK(check_try_send_int(sender, 6));
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 6);

    xi_sender_release(sender);
    xi_receiver_release(receiver);
    xi_sender_release(free_sender);
    xi_receiver_release(free_receiver);
    xi_domain_release(domain);
}

static void a_blocked_send_gets_its_value_back(void)
{
    xi_domain *domain = open_domain();
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel_in(domain, 0, &sender, &receiver);
    struct sleeper sleeper = {.sender = sender};
    pthread_t thread = check_thread(sleep_in_send, &sleeper);
    check_let_others_sleep();
    CHECK_OK(xi_domain_close(domain));
    check_join(thread);
    CHECK_STATUS(XI_ERR_ENDED, sleeper.status);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    xi_domain_release(domain);
}

/* A message that an unfinished wait of the domain had taken already goes to the next receiver, first of all. */
static void what_a_dying_wait_had_taken_is_not_lost(bool close)
{
    xi_domain *domain = open_domain();
    xi_sender *sender;
    xi_receiver *receiver, *dying;
    check_channel(8, &sender, &receiver);
    xi_value value;
    REQUIRE_OK(xi_receiver_to_value(receiver, &value));
    REQUIRE_OK(xi_value_as_receiver(&value, domain, &dying));
    xi_value_release(&value);

    xi_wait *waits[3];
    for (int i = 0; i < 3; i++) {
        REQUIRE_OK(xi_receiver_recv_begin(dying, NULL, NULL, &waits[i]));
    }
    for (int i = 1; i <= 5; i++) {
        CHECK_OK(check_try_send_int(sender, i)); /* 1, 2, 3 lie in the waits, 4 and 5 in the queue */
    }
    CHECK_OK(xi_wait_sleep(waits[1], FOREVER));
    CHECK_OK(xi_wait_finish(waits[1], &value)); /* this one was given out: it is not taken back */
    CHECK(check_int(&value) == 2);

    CHECK_OK(close ? xi_domain_close(domain) : xi_domain_end_waits(domain));
    CHECK(check_try_recv_int(receiver) == 1);
    CHECK(check_recv_int(receiver) == 3);
    CHECK(check_try_recv_int(receiver) == 4);
    CHECK(check_try_recv_int(receiver) == 5);
    value = xi_value_int(-1);
    CHECK_OK(xi_wait_sleep(waits[0], FOREVER));
    CHECK_STATUS(XI_ERR_ENDED, xi_wait_finish(waits[0], &value));
    CHECK_STATUS(XI_ERR_ENDED, xi_wait_finish(waits[2], &value));
    CHECK(check_int(&value) == -1);

    xi_sender_release(sender);
    xi_receiver_release(dying);
    xi_receiver_release(receiver);
    xi_domain_release(domain);
}

/* ... and straight to one that waits, if there is one. */
static void what_a_dying_wait_had_taken_wakes_the_next(void)
{
    xi_domain *domain = open_domain();
    xi_sender *sender;
    xi_receiver *receiver, *dying;
    check_channel(8, &sender, &receiver);
    xi_value value;
    REQUIRE_OK(xi_receiver_to_value(receiver, &value));
    REQUIRE_OK(xi_value_as_receiver(&value, domain, &dying));
    xi_value_release(&value);
    xi_wait *taken, *next;
    REQUIRE_OK(xi_receiver_recv_begin(dying, NULL, NULL, &taken));
    REQUIRE_OK(xi_receiver_recv_begin(receiver, NULL, NULL, &next));
    CHECK_OK(check_try_send_int(sender, 1));
    CHECK(xi_wait_is_settled(next) == 0);
    CHECK_OK(xi_domain_end_waits(domain));
    CHECK_OK(xi_wait_sleep(next, LONG));
    CHECK_OK(xi_wait_finish(next, &value));
    CHECK(check_int(&value) == 1);
    CHECK_STATUS(XI_ERR_ENDED, xi_wait_finish(taken, &value));
    xi_sender_release(sender);
    xi_receiver_release(dying);
    xi_receiver_release(receiver);
    xi_domain_release(domain);
}

static void count_wake(void *data)
{
    atomic_fetch_add((atomic_int *)data, 1);
}

static void a_wake_function_is_told(void)
{
    xi_domain *domain = open_domain();
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel_in(domain, 0, &sender, &receiver);
    atomic_int calls = 0;
    xi_wait *wait;
    REQUIRE_OK(xi_receiver_recv_begin(receiver, count_wake, &calls, &wait));
    CHECK_OK(xi_domain_close(domain));
    CHECK(atomic_load(&calls) == 1);
    CHECK(xi_wait_is_settled(wait) == 1);
    xi_value value = {{0, 0}};
    CHECK_STATUS(XI_ERR_ENDED, xi_wait_finish(wait, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    xi_domain_release(domain);
}

static void close_releases_the_ends(void)
{
    xi_domain *domain = open_domain();
    xi_sender *sender, *second, *out_sender;
    xi_receiver *receiver, *out_receiver;
    xi_value value;
    check_channel(4, &sender, &out_receiver); /* the domain's only sender, our receiver */
    REQUIRE_OK(xi_sender_to_value(sender, &value));
    xi_sender_release(sender);
    REQUIRE_OK(xi_value_as_sender(&value, domain, &sender));
    xi_value_release(&value);
    REQUIRE_OK(xi_sender_clone(sender, &second)); /* held as well */
    check_channel(4, &out_sender, &receiver);     /* the domain's only receiver, our sender */
    REQUIRE_OK(xi_receiver_to_value(receiver, &value));
    xi_receiver_release(receiver);
    REQUIRE_OK(xi_value_as_receiver(&value, domain, &receiver));
    xi_value_release(&value);

    CHECK_OK(check_try_send_int(sender, 1));
    CHECK_OK(check_try_send_int(second, 2));
    CHECK_OK(check_try_send_int(out_sender, 3));
    xi_domain *same = domain; /* what the handles do after */
    CHECK_OK(xi_domain_close(domain));
    CHECK(xi_domain_state(same) == XI_DOMAIN_CLOSED);
    CHECK_OK(xi_domain_close(domain));
    CHECK_OK(xi_domain_end_waits(domain));
    CHECK(xi_domain_state(same) == XI_DOMAIN_CLOSED);

    /* The others go on: what was sent arrives, then the side is gone. */
    CHECK(check_try_recv_int(out_receiver) == 1);
    CHECK(check_recv_int(out_receiver) == 2);
    CHECK_STATUS(XI_ERR_CLOSED, xi_receiver_recv_wait(out_receiver, FOREVER, &value));
    CHECK_STATUS(XI_ERR_CLOSED, check_try_send_int(out_sender, 4));

    /* Everything on the ends it held says so. */
    xi_sender *sender_out = NULL;
    xi_receiver *receiver_out = NULL;
    xi_wait *wait = NULL;
    CHECK_STATUS(XI_ERR_ENDED, check_try_send_int(sender, 5));
    CHECK_STATUS(XI_ERR_ENDED, check_send_int(second, 5));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_try_recv(receiver, &value));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_recv_wait(receiver, FOREVER, &value));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_recv_begin(receiver, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_ENDED, xi_sender_clone(sender, &sender_out));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_clone(receiver, &receiver_out));
    CHECK_STATUS(XI_ERR_ENDED, xi_sender_to_value(sender, &value));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_to_value(receiver, &value));
    CHECK_STATUS(XI_ERR_ENDED, xi_sender_close(sender));
    CHECK_STATUS(XI_ERR_ENDED, xi_receiver_close(receiver));
    CHECK(sender_out == NULL && receiver_out == NULL && wait == NULL);

    /* Nothing new for it. */
    xi_channel_options options = {sizeof options, 1, domain};
    CHECK_STATUS(XI_ERR_ENDED, xi_channel_new(&options, &sender_out, &receiver_out));
    REQUIRE_OK(xi_sender_to_value(out_sender, &value));
    CHECK_STATUS(XI_ERR_ENDED, xi_value_as_sender(&value, domain, &sender_out));
    CHECK(sender_out == NULL && receiver_out == NULL);
    xi_value_release(&value);

    xi_domain_release(domain);
    xi_sender_release(sender);
    xi_sender_release(second);
    xi_sender_release(out_sender);
    xi_receiver_release(receiver);
    xi_receiver_release(out_receiver);
}

static void a_release_of_the_handle_closes_nothing(void)
{
    xi_domain *domain = open_domain();
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel_in(domain, 2, &sender, &receiver);
    xi_domain_release(domain);
    CHECK_OK(check_send_int(sender, 1));
    CHECK(check_recv_int(receiver) == 1);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

/* An end in a value that travels is nobody's, so it outlives the interpreter that sent it. */
static void an_end_under_way_outlives_its_domain(void)
{
    xi_domain *domain = open_domain();
    xi_sender *sender, *carrier_in;
    xi_receiver *receiver, *carrier_out;
    check_channel_in(domain, 2, &sender, &receiver);
    check_channel(2, &carrier_in, &carrier_out);
    xi_value value;
    CHECK_OK(check_try_send_int(sender, 7));
    REQUIRE_OK(xi_receiver_to_value(receiver, &value));
    CHECK_OK(xi_sender_try_send(carrier_in, &value));
    CHECK_OK(xi_domain_close(domain));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    xi_domain_release(domain);

    CHECK_OK(xi_receiver_try_recv(carrier_out, &value));
    REQUIRE_OK(xi_value_as_receiver(&value, NULL, &receiver));
    xi_value_release(&value);
    CHECK(check_try_recv_int(receiver) == 7);
    CHECK_STATUS(XI_ERR_CLOSED, xi_receiver_try_recv(receiver, &value));
    xi_receiver_release(receiver);
    xi_sender_release(carrier_in);
    xi_receiver_release(carrier_out);
}

/* Domains that end at any moment, while their threads receive, lose no message and double none. */
enum { ENDINGS = 60, EACH = 50 };

struct dying {
    xi_receiver *receiver;
    atomic_uchar *seen;
};

static void *receive_until_the_end(void *argument)
{
    struct dying *dying = argument;
    for (;;) {
        xi_value value = {{0, 0}};
        xi_status status = xi_receiver_recv_wait(dying->receiver, LONG, &value);
        if (status != XI_OK) {
            CHECK(status == XI_ERR_ENDED || status == XI_ERR_CLOSED);
            return NULL;
        }
        CHECK(atomic_fetch_add(&dying->seen[check_int(&value)], 1) == 0);
    }
}

static void *send_slowly(void *argument)
{
    xi_sender *sender = argument;
    for (int i = 0; i < ENDINGS * EACH; i++) {
        CHECK_OK(check_send_int(sender, i));
        if (i % 8 == 0) {
            sched_yield();
        }
    }
    xi_sender_release(sender);
    return NULL;
}

static void nothing_is_lost_at_the_end_of_a_domain(void)
{
    atomic_uchar *seen = calloc(ENDINGS * EACH, sizeof *seen);
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(2, &sender, &receiver);
    xi_value end;
    REQUIRE_OK(xi_receiver_to_value(receiver, &end));
    pthread_t producer = check_thread(send_slowly, sender);
    for (int ending = 0; ending < ENDINGS; ending++) {
        xi_domain *domain = open_domain();
        struct dying dying = {.seen = seen};
        REQUIRE_OK(xi_value_as_receiver(&end, domain, &dying.receiver));
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            threads[i] = check_thread(receive_until_the_end, &dying);
        }
        struct timespec pause = {0, (ending * 7919) % 500 * 1000};
        nanosleep(&pause, NULL);
        CHECK_OK(ending % 2 == 0 ? xi_domain_close(domain) : xi_domain_end_waits(domain));
        for (int i = 0; i < 2; i++) {
            check_join(threads[i]);
        }
        xi_receiver_release(dying.receiver);
        xi_domain_release(domain);
    }
    xi_value_release(&end);
    struct dying rest = {receiver, seen};
    receive_until_the_end(&rest);
    check_join(producer);
    for (int i = 0; i < ENDINGS * EACH; i++) {
        CHECK(atomic_load(&seen[i]) == 1);
    }
    xi_receiver_release(receiver);
    free(seen);
}

int main(void)
{
    end_waits_ends_the_waits_of_its_own_threads();
    a_blocked_send_gets_its_value_back();
    what_a_dying_wait_had_taken_is_not_lost(false);
    what_a_dying_wait_had_taken_is_not_lost(true);
    what_a_dying_wait_had_taken_wakes_the_next();
    a_wake_function_is_told();
    close_releases_the_ends();
    a_release_of_the_handle_closes_nothing();
    an_end_under_way_outlives_its_domain();
    nothing_is_lost_at_the_end_of_a_domain();
    return check_report("domains");
}
