/* Values: every kind sent to another thread and back, equal at both sides. */
#include "build.h"

#include <math.h>

/* The simple samples, made anew at each call. */
static bool make_simple(size_t index, xi_value *out)
{
    static const uint8_t big[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x7F};
    static const uint8_t minus[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0x80};
    static const uint16_t lone[] = {'l', 0xD800, 'n', 0xDFFF, 'e'};
    static const uint16_t long_ucs2[] = {0x20AC, 'u', 'r', 'o', 0x20AC, 'u', 'r', 'o', 0x20AC, 'u'};
    static const uint32_t wide[] = {0x1F40D, 'p', 'y'};
    static const uint32_t long_wide[] = {0x1F40D, 'p', 'y', 't', 'h', 'o', 'n', 0x10FFFF};
    xi_value all[] = {
        xi_value_none(),
        xi_value_ellipsis(),
        xi_value_bool(0),
        xi_value_bool(-7),
        xi_value_int(0),
        xi_value_int(-1),
        xi_value_int(INT64_MAX),
        xi_value_int(INT64_MIN),
        xi_value_uint(42),
        xi_value_uint(UINT64_MAX),
        must_big(big, sizeof big),
        must_big(minus, sizeof minus),
        xi_value_float(-1.5),
        xi_value_float(HUGE_VAL),
        xi_value_float(5e-324),
        must_ascii(""),
        must_ascii("fourteen bytes"),
        must_ascii("fifteen bytes.."),
        must_text(XI_TEXT_ASCII, "a text with a NUL\0 and more, to be sure", 39),
        must_text(XI_TEXT_UTF8, "gr\xC3\xBC\xC3\x9Ft \xF0\x9F\x90\x8D of some length", 27),
        must_text(XI_TEXT_LATIN1, "gr\xFC\xDFt", 5),
        must_text(XI_TEXT_LATIN1, "gr\xFC\xDFt, gr\xFC\xDFt, gr\xFC\xDFt", 19),
        must_text(XI_TEXT_UCS2, lone, 5),
        must_text(XI_TEXT_UCS2, long_ucs2, 10),
        must_text(XI_TEXT_UCS4, wide, 3),
        must_text(XI_TEXT_UCS4, long_wide, 8),
        must_bytes(NULL, 0),
        must_bytes("fourteen bytes", 14),
        must_bytes("fifteen bytes..", 15),
        must_sequence(XI_KIND_TUPLE, 0, NULL),
        must_sequence(XI_KIND_LIST, 0, NULL),
        must_map(0, NULL),
    };
    size_t count = sizeof all / sizeof *all;
    if (index < count) {
        *out = all[index];
        all[index] = (xi_value){{0, 0}};
    }
    for (size_t i = 0; i < count; i++) {
        xi_value_release(&all[i]);
    }
    return index < count;
}

enum { MEBIBYTE = 1 << 20 };

static xi_value megabyte(void)
{
    uint8_t *bytes = malloc(MEBIBYTE);
    for (size_t i = 0; i < MEBIBYTE; i++) {
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    }
    xi_value value = must_bytes(bytes, MEBIBYTE);
    free(bytes);
    return value;
}

static xi_value mixed_tuple(void)
{
    xi_value items[] = {xi_value_int(1), must_ascii("two"), xi_value_float(3), nested(2)};
    return must_sequence(XI_KIND_TUPLE, 4, items);
}

static xi_value mixed_list(void)
{
    xi_value items[] = {must_ascii("a list with a long text of its own"), xi_value_none()};
    return must_sequence(XI_KIND_LIST, 2, items);
}

static xi_value frozen_list(void)
{
    xi_value items[] = {xi_value_int(1), nested(3)};
    xi_value list = must_sequence(XI_KIND_LIST, 2, items);
    CHECK(xi_value_is_frozen(&list) == 0);
    CHECK_OK(xi_value_mark_frozen(&list));
    CHECK(xi_value_is_frozen(&list) == 1);
    return list;
}

static xi_value deep(void)
{
    return nested(1000);
}

/* Sample number `index`, made anew at each call: the other thread makes its own to compare with. */
static bool make_sample(size_t index, xi_value *out)
{
    static xi_value (*const others[])(void) = {megabyte, mixed_tuple, mixed_list, mixed_map,
                                               point,    frozen_list, deep};
    size_t count = sizeof others / sizeof *others;
    if (index < count) {
        *out = others[index]();
        return true;
    }
    return make_simple(index - count, out);
}

struct pair {
    xi_receiver *in;
    xi_sender *out;
};

/* Compares each with its own, and sends it back. */
static void *compare_and_return(void *argument)
{
    struct pair *pair = argument;
    xi_value expected;
    for (size_t i = 0; make_sample(i, &expected); i++) {
        xi_value value = {{0, 0}};
        REQUIRE_OK(xi_receiver_recv_wait(pair->in, LONG, &value));
        if (!CHECK(same(&value, &expected))) {
            fprintf(stderr, "    sample %zu, on arrival\n", i);
        }
        xi_value_release(&expected);
        REQUIRE_OK(xi_sender_send_wait(pair->out, &value, LONG));
    }
    return NULL;
}

static void every_kind_goes_there_and_back(size_t capacity)
{
    xi_sender *there, *back;
    xi_receiver *there_out, *back_out;
    check_channel(capacity, &there, &there_out);
    check_channel(capacity, &back, &back_out);
    struct pair pair = {there_out, back};
    pthread_t thread = check_thread(compare_and_return, &pair);
    xi_value value;
    for (size_t i = 0; make_sample(i, &value); i++) {
        xi_value kept = xi_value_clone(&value);
        CHECK(xi_value_kind(&kept) != XI_KIND_MOVED);
        REQUIRE_OK(xi_sender_send_wait(there, &value, LONG));
        CHECK(xi_value_kind(&value) == XI_KIND_MOVED);
        REQUIRE_OK(xi_receiver_recv_wait(back_out, LONG, &value));
        if (!CHECK(same(&value, &kept))) {
            fprintf(stderr, "    sample %zu, back again\n", i);
        }
        xi_value_release(&value);
        xi_value_release(&kept);
    }
    check_join(thread);
    xi_sender_release(there);
    xi_sender_release(back);
    xi_receiver_release(there_out);
    xi_receiver_release(back_out);
}

/* Receives a sender and a receiver as values, and carries one message from the second to the first. */
static void *carry_one(void *argument)
{
    xi_receiver *in = argument;
    xi_value value = {{0, 0}};
    xi_sender *sender;
    xi_receiver *receiver;
    REQUIRE_OK(xi_receiver_recv_wait(in, LONG, &value));
    CHECK(xi_value_kind(&value) == XI_KIND_SENDER);
    REQUIRE_OK(xi_value_as_sender(&value, NULL, &sender));
    xi_value_release(&value);
    REQUIRE_OK(xi_receiver_recv_wait(in, LONG, &value));
    CHECK(xi_value_kind(&value) == XI_KIND_RECEIVER);
    REQUIRE_OK(xi_value_as_receiver(&value, NULL, &receiver));
    xi_value_release(&value);
    REQUIRE_OK(xi_receiver_recv_wait(receiver, LONG, &value));
    REQUIRE_OK(xi_sender_send_wait(sender, &value, LONG));
    xi_sender_release(sender);
    xi_receiver_release(receiver);
    return NULL;
}

static void ends_go_to_another_thread(void)
{
    xi_sender *carrier, *question, *answer;
    xi_receiver *carrier_out, *question_out, *answer_out;
    check_channel(0, &carrier, &carrier_out);
    check_channel(0, &question, &question_out);
    check_channel(1, &answer, &answer_out);
    pthread_t thread = check_thread(carry_one, carrier_out);
    xi_value value;
    REQUIRE_OK(xi_sender_to_value(answer, &value));
    REQUIRE_OK(xi_sender_send_wait(carrier, &value, LONG));
    REQUIRE_OK(xi_receiver_to_value(question_out, &value));
    REQUIRE_OK(xi_sender_send_wait(carrier, &value, LONG));
    xi_sender_release(answer);
    xi_receiver_release(question_out);
    CHECK_OK(check_send_int(question, 12));
    CHECK(check_recv_int(answer_out) == 12);
    check_join(thread);
    CHECK_STATUS(XI_ERR_CLOSED, check_send_int(question, 13));
    xi_sender_release(question);
    xi_receiver_release(answer_out);
    xi_sender_release(carrier);
    xi_receiver_release(carrier_out);
}

/* A builder that is let go releases what is in it. */
static void unfinished_builders_are_released(void)
{
    xi_sequence_builder *sequence;
    REQUIRE_OK(xi_sequence_new(XI_KIND_LIST, 3, &sequence));
    xi_sequence_slots(sequence)[1] = must_ascii("a text that is too long for the value itself");
    xi_sequence_release(sequence);
    xi_map_builder *map;
    REQUIRE_OK(xi_map_new(4, &map));
    xi_value key = must_ascii("a key that is too long for the value itself"), value = nested(4);
    REQUIRE_OK(xi_map_insert(map, &key, &value));
    xi_map_release(map);
}

/* Deep graphs are released without using up the stack. */
static void depth_has_no_limit(void)
{
    xi_value value = nested(200000);
    xi_value_release(&value);
}

int main(void)
{
    every_kind_goes_there_and_back(0);
    every_kind_goes_there_and_back(1);
    every_kind_goes_there_and_back(XI_UNBOUNDED);
    ends_go_to_another_thread();
    unfinished_builders_are_released();
    depth_has_no_limit();
    return check_report("values");
}
