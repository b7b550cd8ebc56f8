/* Channels: order, capacity, timeouts, closing, the going of a side, and many producers with many consumers. */
#include "check.h"

static void order_is_kept_and_capacity_holds(void)
{
    const size_t capacities[] = {1, 3, 128, XI_UNBOUNDED};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
        xi_sender *sender;
        xi_receiver *receiver;
        check_channel(capacities[c], &sender, &receiver);
        size_t room = capacities[c] == XI_UNBOUNDED ? 1000 : capacities[c];
        for (int64_t round = 0; round < 3; round++) {
            for (size_t i = 0; i < room; i++) {
                CHECK_OK(check_try_send_int(sender, round * 1000 + (int64_t)i));
            }
            if (capacities[c] != XI_UNBOUNDED) {
                xi_value over = xi_value_int(-1);
                CHECK_STATUS(XI_ERR_FULL, xi_sender_try_send(sender, &over));
                CHECK(check_int(&over) == -1); /* untouched */
            }
            for (size_t i = 0; i < room; i++) {
                CHECK(check_try_recv_int(receiver) == round * 1000 + (int64_t)i);
            }
            xi_value none = xi_value_int(5);
            CHECK_STATUS(XI_ERR_EMPTY, xi_receiver_try_recv(receiver, &none));
            CHECK(check_int(&none) == 5); /* *out is set on XI_OK only */
        }
        xi_sender_release(sender);
        xi_receiver_release(receiver);
    }
}

static void the_default_is_unbounded(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    REQUIRE_OK(xi_channel_new(NULL, &sender, &receiver));
    xi_channel_info info = {.struct_size = sizeof info};
    CHECK_OK(xi_sender_info(sender, &info));
    CHECK(info.capacity == XI_UNBOUNDED);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void info_tells_what_there_is(void)
{
    xi_sender *sender, *second, *other_sender;
    xi_receiver *receiver, *other_receiver;
    check_channel(7, &sender, &receiver);
    check_channel(0, &other_sender, &other_receiver);
    REQUIRE_OK(xi_sender_clone(sender, &second));
    CHECK_OK(check_try_send_int(sender, 1));
    CHECK_OK(check_try_send_int(second, 2));

    xi_channel_info info = {.struct_size = sizeof info};
    CHECK_OK(xi_receiver_info(receiver, &info));
    CHECK(info.len == 2);
    CHECK(info.capacity == 7);
    CHECK(info.senders == 2);
    CHECK(info.receivers == 1);
    CHECK(info.closed == 0);
    uint64_t id = info.id;
    CHECK_OK(xi_sender_info(second, &info));
    CHECK(info.id == id);
    CHECK_OK(xi_sender_info(other_sender, &info));
    CHECK(info.id != id);
    CHECK(info.capacity == 0);

    xi_sender_release(second);
    CHECK_OK(xi_receiver_info(receiver, &info));
    CHECK(info.senders == 1);
    CHECK_OK(xi_receiver_close(receiver));
    CHECK_OK(xi_receiver_info(receiver, &info));
    CHECK(info.closed == 1);
    CHECK(info.len == 2);

    xi_sender_release(sender);
    xi_receiver_release(receiver);
    xi_sender_release(other_sender);
    xi_receiver_release(other_receiver);
}

static void close_drains(bool from_receiver)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(4, &sender, &receiver);
    CHECK_OK(check_try_send_int(sender, 1));
    CHECK_OK(check_try_send_int(sender, 2));
    CHECK_OK(from_receiver ? xi_receiver_close(receiver) : xi_sender_close(sender));
    CHECK_OK(xi_sender_close(sender)); /* again */
    CHECK_OK(xi_receiver_close(receiver));

    xi_value refused = xi_value_int(3);
    CHECK_STATUS(XI_ERR_CLOSED, xi_sender_try_send(sender, &refused));
    CHECK_STATUS(XI_ERR_CLOSED, xi_sender_send_wait(sender, &refused, FOREVER));
    CHECK(check_int(&refused) == 3);

    CHECK(check_try_recv_int(receiver) == 1);
    CHECK(check_recv_int(receiver) == 2);
    xi_value value = {{0, 0}};
    for (int again = 0; again < 3; again++) {
        CHECK_STATUS(XI_ERR_CLOSED, xi_receiver_try_recv(receiver, &value));
        CHECK_STATUS(XI_ERR_CLOSED, xi_receiver_recv_wait(receiver, FOREVER, &value));
    }
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void the_last_of_a_side_is_seen(void)
{
    xi_sender *sender, *second;
    xi_receiver *receiver;
    check_channel(XI_UNBOUNDED, &sender, &receiver);
    REQUIRE_OK(xi_sender_clone(sender, &second));
    CHECK_OK(check_try_send_int(sender, 1));
    xi_sender_release(sender);
    CHECK_OK(check_try_send_int(second, 2));
    xi_sender_release(second);
    CHECK(check_recv_int(receiver) == 1);
    CHECK(check_recv_int(receiver) == 2);
    xi_value value = {{0, 0}};
    CHECK_STATUS(XI_ERR_CLOSED, xi_receiver_recv_wait(receiver, FOREVER, &value));
    xi_receiver_release(receiver);

    xi_receiver *copy;
    check_channel(0, &sender, &receiver);
    REQUIRE_OK(xi_receiver_clone(receiver, &copy));
    xi_receiver_release(receiver);
    CHECK_STATUS(XI_ERR_FULL, check_try_send_int(sender, 1));
    xi_receiver_release(copy);
    CHECK_STATUS(XI_ERR_CLOSED, check_try_send_int(sender, 1));
    xi_sender_release(sender);
}

/* Of some tries one is over before it could have been rounded up to a second, on however busy a machine. */
enum { TRIES = 5 };

static bool is_fraction(uint64_t took, uint64_t timeout)
{
    CHECK(took >= timeout);
    return took < timeout + 900 * MILLISECOND;
}

static void a_timeout_is_kept_to_the_fraction(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(1, &sender, &receiver);
    xi_value value = {{0, 0}};
    const uint64_t timeouts[] = {0, MILLISECOND / 4, 12 * MILLISECOND + MILLISECOND / 2, 250 * MILLISECOND};
    for (size_t t = 0; t < sizeof timeouts / sizeof *timeouts; t++) {
        bool kept = false;
        for (int tries = 0; tries < TRIES && !kept; tries++) {
            uint64_t start = xi_clock_ns();
            CHECK_STATUS(XI_ERR_TIMEOUT, xi_receiver_recv_wait(receiver, timeouts[t], &value));
            kept = is_fraction(xi_clock_ns() - start, timeouts[t]);
        }
        CHECK(kept);
    }
    CHECK_OK(check_try_send_int(sender, 1));
    xi_value over = xi_value_int(2);
    for (size_t t = 0; t < sizeof timeouts / sizeof *timeouts; t++) {
        bool kept = false;
        for (int tries = 0; tries < TRIES && !kept; tries++) {
            uint64_t start = xi_clock_ns();
            CHECK_STATUS(XI_ERR_TIMEOUT, xi_sender_send_wait(sender, &over, timeouts[t]));
            kept = is_fraction(xi_clock_ns() - start, timeouts[t]);
            CHECK(xi_value_kind(&over) == XI_KIND_INT); /* still ours */
        }
        CHECK(kept);
    }
    CHECK(check_int(&over) == 2);
    CHECK(check_recv_int(receiver) == 1);
    /* What timed out left nothing behind. */
    CHECK_OK(check_try_send_int(sender, 3));
    CHECK(check_try_recv_int(receiver) == 3);
    CHECK_STATUS(XI_ERR_EMPTY, xi_receiver_try_recv(receiver, &value));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

struct call {
    xi_sender *sender;
    xi_receiver *receiver;
    xi_status status;
    int64_t number;
};

static void *receive_one(void *argument)
{
    struct call *call = argument;
    xi_value value = {{0, 0}};
    call->status = xi_receiver_recv_wait(call->receiver, LONG, &value);
    call->number = call->status == XI_OK ? check_int(&value) : 0;
    return NULL;
}

static void *send_one(void *argument)
{
    struct call *call = argument;
    call->status = check_send_int(call->sender, call->number);
    return NULL;
}

static void a_rendezvous_hands_over(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(0, &sender, &receiver);
    xi_value value = {{0, 0}};
    CHECK_STATUS(XI_ERR_FULL, check_try_send_int(sender, 1));
    CHECK_STATUS(XI_ERR_EMPTY, xi_receiver_try_recv(receiver, &value));

    struct call call = {.sender = sender, .receiver = receiver, .number = 42};
    pthread_t thread = check_thread(receive_one, &call);
    while (check_try_send_int(sender, 41) == XI_ERR_FULL) {
        check_pause_ms(1);
    }
    check_join(thread);
    CHECK_OK(call.status);
    CHECK(call.number == 41);

    call.number = 43;
    thread = check_thread(send_one, &call);
    CHECK(check_recv_int(receiver) == 43);
    check_join(thread);
    CHECK_OK(call.status);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void sleepers_are_woken(void)
{
    xi_sender *sender;
    xi_receiver *receiver;

    check_channel(1, &sender, &receiver); /* by a message, by room, by a close */
    struct call call = {.sender = sender, .receiver = receiver, .number = 7};
    pthread_t thread = check_thread(receive_one, &call);
    check_let_others_sleep();
    CHECK_OK(check_try_send_int(sender, 6));
    check_join(thread);
    CHECK_OK(call.status);
    CHECK(call.number == 6);

    CHECK_OK(check_try_send_int(sender, 7));
    call.number = 8;
    thread = check_thread(send_one, &call);
    check_let_others_sleep();
    CHECK(check_try_recv_int(receiver) == 7);
    check_join(thread);
    CHECK_OK(call.status);
    CHECK(check_try_recv_int(receiver) == 8);

    thread = check_thread(receive_one, &call);
    check_let_others_sleep();
    CHECK_OK(xi_sender_close(sender));
    check_join(thread);
    CHECK_STATUS(XI_ERR_CLOSED, call.status);
    xi_sender_release(sender);
    xi_receiver_release(receiver);

    check_channel(1, &sender, &receiver); /* by the going of the other side */
    call = (struct call){.sender = sender, .receiver = receiver};
    thread = check_thread(receive_one, &call);
    check_let_others_sleep();
    xi_sender_release(sender);
    check_join(thread);
    CHECK_STATUS(XI_ERR_CLOSED, call.status);
    xi_receiver_release(receiver);

    check_channel(0, &sender, &receiver);
    call = (struct call){.sender = sender, .receiver = receiver};
    thread = check_thread(send_one, &call);
    check_let_others_sleep();
    xi_receiver_release(receiver);
    check_join(thread);
    CHECK_STATUS(XI_ERR_CLOSED, call.status);
    xi_sender_release(sender);
}

static void ends_travel_as_values(void)
{
    xi_sender *sender, *carrier_in;
    xi_receiver *receiver, *carrier_out;
    check_channel(2, &sender, &receiver);
    check_channel(2, &carrier_in, &carrier_out);

    xi_value end, other;
    REQUIRE_OK(xi_sender_to_value(sender, &end));
    CHECK(xi_value_kind(&end) == XI_KIND_SENDER);
    CHECK_OK(xi_sender_try_send(carrier_in, &end));
    CHECK(xi_value_kind(&end) == XI_KIND_MOVED);
    xi_sender_release(sender); /* the one that travels keeps the channel open */
    REQUIRE_OK(xi_receiver_to_value(receiver, &end));
    CHECK(xi_value_kind(&end) == XI_KIND_RECEIVER);
    CHECK_OK(xi_sender_try_send(carrier_in, &end));

    CHECK_OK(xi_receiver_try_recv(carrier_out, &end));
    REQUIRE_OK(xi_value_as_sender(&end, NULL, &sender));
    xi_receiver *wrong = NULL;
    CHECK_STATUS(XI_ERR_KIND, xi_value_as_receiver(&end, NULL, &wrong));
    CHECK(wrong == NULL);
    CHECK_OK(xi_receiver_try_recv(carrier_out, &other));
    int equal = 1;
    CHECK_OK(xi_value_equal(&end, &other, &equal));
    CHECK(equal == 0); /* two sides of one channel */
    xi_value_release(&end);
    CHECK_OK(check_try_send_int(sender, 9));
    xi_receiver *second;
    REQUIRE_OK(xi_value_as_receiver(&other, NULL, &second));
    CHECK(check_try_recv_int(second) == 9);
    xi_receiver_release(second);
    xi_value_release(&other);

    xi_receiver_release(receiver);
    CHECK_STATUS(XI_ERR_CLOSED, check_try_send_int(sender, 10)); /* the last receiver went with its value */
    xi_sender_release(sender);
    xi_sender_release(carrier_in);
    xi_receiver_release(carrier_out);
}

/* What is still queued is released with the channel, also an end of the channel itself once it is closed. */
static void what_is_queued_goes_with_the_channel(void)
{
    xi_sender *sender, *inner;
    xi_receiver *receiver, *inner_receiver;
    check_channel(XI_UNBOUNDED, &sender, &receiver);
    check_channel(XI_UNBOUNDED, &inner, &inner_receiver);
    xi_value value;
    REQUIRE_OK(xi_sender_to_value(inner, &value));
    CHECK_OK(xi_sender_try_send(sender, &value));
    xi_sender_release(inner);
    xi_sender_release(sender);
    CHECK_STATUS(XI_ERR_EMPTY, xi_receiver_try_recv(inner_receiver, &value));
    xi_receiver_release(receiver);
    CHECK_STATUS(XI_ERR_CLOSED, xi_receiver_try_recv(inner_receiver, &value));
    xi_receiver_release(inner_receiver);
}

enum { PRODUCERS = 4, CONSUMERS = 4, EACH = 2000 };

struct crowd {
    xi_sender *sender;
    xi_receiver *receiver;
    int64_t number;
    atomic_uchar *seen;
};

static void *produce(void *argument)
{
    struct crowd *crowd = argument;
    for (int64_t i = 0; i < EACH; i++) {
        CHECK_OK(check_send_int(crowd->sender, crowd->number * EACH + i));
    }
    xi_sender_release(crowd->sender);
    return NULL;
}

static void *consume(void *argument)
{
    struct crowd *crowd = argument;
    int64_t last[PRODUCERS];
    memset(last, -1, sizeof last);
    for (;;) {
        xi_value value = {{0, 0}};
        xi_status status = xi_receiver_recv_wait(crowd->receiver, LONG, &value);
        if (status != XI_OK) {
            CHECK_STATUS(XI_ERR_CLOSED, status);
            break;
        }
        int64_t number = check_int(&value);
        if (!CHECK(number >= 0 && number < PRODUCERS * EACH)) {
            break;
        }
        CHECK(number > last[number / EACH]); /* each producer's order, at every consumer */
        last[number / EACH] = number;
        CHECK(atomic_fetch_add(&crowd->seen[number], 1) == 0);
    }
    xi_receiver_release(crowd->receiver);
    return NULL;
}

static void every_message_arrives_once(size_t capacity)
{
    atomic_uchar *seen = calloc(PRODUCERS * EACH, sizeof *seen);
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(capacity, &sender, &receiver);
    struct crowd producers[PRODUCERS], consumers[CONSUMERS];
    pthread_t threads[PRODUCERS + CONSUMERS];
    for (int i = 0; i < CONSUMERS; i++) {
        consumers[i] = (struct crowd){.number = i, .seen = seen};
        REQUIRE_OK(xi_receiver_clone(receiver, &consumers[i].receiver));
        threads[PRODUCERS + i] = check_thread(consume, &consumers[i]);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct crowd){.number = i};
        REQUIRE_OK(xi_sender_clone(sender, &producers[i].sender));
        threads[i] = check_thread(produce, &producers[i]);
    }
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
        check_join(threads[i]);
    }
    for (int i = 0; i < PRODUCERS * EACH; i++) {
        CHECK(atomic_load(&seen[i]) == 1);
    }
    free(seen);
}

int main(void)
{
    order_is_kept_and_capacity_holds();
    the_default_is_unbounded();
    info_tells_what_there_is();
    close_drains(false);
    close_drains(true);
    the_last_of_a_side_is_seen();
    a_timeout_is_kept_to_the_fraction();
    a_rendezvous_hands_over();
    sleepers_are_woken();
    ends_travel_as_values();
    what_is_queued_goes_with_the_channel();
    every_message_arrives_once(0);
    every_message_arrives_once(1);
    every_message_arrives_once(16);
    every_message_arrives_once(XI_UNBOUNDED);
    return check_report("channels");
}
