/* Wrong calls are answered with a status and change nothing: NULL everywhere, values taken before, kinds, forms and
 * options that do not exist, numbers out of range, more capacity than there is memory. */
#include "check.h"

static void versions_and_names(void)
{
    CHECK(xi_abi_version() == XI_ABI_VERSION);
    CHECK(strcmp(xi_version(), "0.1.0") == 0);
    CHECK(strcmp(xi_status_name(XI_OK), "XI_OK") == 0);
    CHECK(strcmp(xi_status_name(XI_ERR_FULL), "XI_ERR_FULL") == 0);
    CHECK(strcmp(xi_status_name(XI_ERR_OPTION), "XI_ERR_OPTION") == 0);
    const xi_status unknown[] = {1, -17, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        CHECK(strcmp(xi_status_name(unknown[i]), "XI_ERR_UNKNOWN") == 0);
    }
    CHECK(xi_clock_ns() <= xi_clock_ns());
}

static void null_is_answered_by_values(void)
{
    xi_value value = xi_value_int(1);
    xi_value key = xi_value_int(2);
    uint8_t bytes[16] = {0};
    int64_t number = 0;
    size_t size = 0;
    double real = 0;
    int truth = 0;
    const void *where = NULL;
    const xi_value *items = NULL;
    xi_text text;

    CHECK_STATUS(XI_ERR_NULL, xi_value_int_from_bytes(NULL, 3, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_value_int_from_bytes(bytes, 3, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_bytes(NULL, 3, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_value_bytes(bytes, 3, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_text(XI_TEXT_UTF8, NULL, 3, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_value_text(XI_TEXT_UTF8, "abc", 3, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_text_unchecked(XI_TEXT_UCS2, NULL, 3, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_value_text_unchecked(XI_TEXT_ASCII, "abc", 3, NULL));
    CHECK(xi_value_kind(NULL) == XI_KIND_MOVED);
    xi_value moved = xi_value_clone(NULL);
    CHECK(xi_value_kind(&moved) == XI_KIND_MOVED);
    xi_value_release(NULL);
    CHECK_STATUS(XI_ERR_NULL, xi_value_mark_frozen(NULL));
    CHECK(xi_value_is_frozen(NULL) == 0);
    CHECK(xi_value_is_shared(NULL) == 0);
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_bool(NULL, &truth));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_bool(&value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_int(NULL, &number));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_int(&value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_float(NULL, &real));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_float(&value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_int_size(NULL, &size));
    CHECK_STATUS(XI_ERR_NULL, xi_value_int_size(&value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_int_to_bytes(NULL, bytes, sizeof bytes));
    CHECK_STATUS(XI_ERR_NULL, xi_value_int_to_bytes(&value, NULL, 8));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_bytes(NULL, &where, &size));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_bytes(&value, NULL, &size));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_bytes(&value, &where, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_text(NULL, &text));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_text(&value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_equal(NULL, &value, &truth));
    CHECK_STATUS(XI_ERR_NULL, xi_value_equal(&value, NULL, &truth));
    CHECK_STATUS(XI_ERR_NULL, xi_value_equal(&value, &value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_items(NULL, &items, &size));
    CHECK_STATUS(XI_ERR_NULL, xi_value_items(&value, NULL, &size));
    CHECK_STATUS(XI_ERR_NULL, xi_value_items(&value, &items, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_len(NULL, &size));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_len(&value, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_entry(NULL, 0, &items, &items));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_get(NULL, &key, &items));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_get(&value, NULL, &items));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_get(&value, &key, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_get_text(NULL, XI_TEXT_ASCII, "a", 1, &items));
    CHECK_STATUS(XI_ERR_NULL, xi_value_map_get_text(&value, XI_TEXT_ASCII, "a", 1, NULL));
    CHECK(check_int(&value) == 1);
    CHECK(check_int(&key) == 2);
}

static void null_is_answered_by_builders(void)
{
    xi_value value = xi_value_int(1), key = xi_value_int(2);
    CHECK_STATUS(XI_ERR_NULL, xi_sequence_new(XI_KIND_LIST, 1, NULL));
    CHECK(xi_sequence_slots(NULL) == NULL);
    CHECK_STATUS(XI_ERR_NULL, xi_sequence_finish(NULL, &value));
    xi_sequence_release(NULL);
    xi_sequence_builder *sequence;
    REQUIRE_OK(xi_sequence_new(XI_KIND_LIST, 0, &sequence));
    CHECK_STATUS(XI_ERR_NULL, xi_sequence_finish(sequence, NULL));
    xi_sequence_release(sequence);

    CHECK_STATUS(XI_ERR_NULL, xi_map_new(1, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_map_insert(NULL, &key, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_map_finish(NULL, &value));
    xi_map_release(NULL);
    xi_map_builder *map;
    REQUIRE_OK(xi_map_new(1, &map));
    CHECK_STATUS(XI_ERR_NULL, xi_map_insert(map, NULL, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_map_insert(map, &key, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_map_finish(map, NULL));
    xi_map_release(map);
    CHECK(check_int(&value) == 1);
    CHECK(check_int(&key) == 2);
}

static void null_is_answered_by_domains_and_channels(void)
{
    xi_value value = xi_value_int(1);
    xi_domain *domain = NULL;
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    xi_channel_info info = {.struct_size = sizeof info};

    CHECK_STATUS(XI_ERR_NULL, xi_domain_open(NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_domain_end_waits(NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_domain_close(NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_domain_state(NULL));
    xi_domain_release(NULL);

    CHECK_STATUS(XI_ERR_NULL, xi_channel_new(NULL, NULL, &receiver));
    CHECK_STATUS(XI_ERR_NULL, xi_channel_new(NULL, &sender, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_clone(NULL, &sender));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_clone(NULL, &receiver));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_to_value(NULL, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_to_value(NULL, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_sender(NULL, NULL, &sender));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_receiver(NULL, NULL, &receiver));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_try_send(NULL, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_send_wait(NULL, &value, FOREVER));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_try_recv(NULL, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_recv_wait(NULL, FOREVER, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_close(NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_close(NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_info(NULL, &info));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_info(NULL, &info));
    xi_sender_release(NULL);
    xi_receiver_release(NULL);
    CHECK(domain == NULL && sender == NULL && receiver == NULL);

    REQUIRE_OK(xi_channel_new(NULL, &sender, &receiver));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_clone(sender, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_clone(receiver, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_to_value(sender, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_to_value(receiver, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_sender(&value, NULL, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_value_as_receiver(&value, NULL, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_try_send(sender, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_send_wait(sender, NULL, FOREVER));
    CHECK_OK(xi_sender_try_send(sender, &value));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_try_recv(receiver, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_recv_wait(receiver, FOREVER, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_info(sender, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_info(receiver, NULL));
    CHECK(check_try_recv_int(receiver) == 1); /* none of it was lost to a missing place */
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void ignore_wake(void *data)
{
    (void)data;
}

static void null_is_answered_by_waits(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    REQUIRE_OK(xi_channel_new(NULL, &sender, &receiver));
    xi_value value = xi_value_int(1);
    xi_wait *wait = NULL;
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_recv_begin(NULL, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_NULL, xi_receiver_recv_begin(receiver, ignore_wake, NULL, NULL));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_send_begin(NULL, &value, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_send_begin(sender, NULL, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_NULL, xi_sender_send_begin(sender, &value, NULL, NULL, NULL));
    CHECK(wait == NULL);
    CHECK(check_int(&value) == 1);
    CHECK_STATUS(XI_ERR_NULL, xi_wait_sleep(NULL, FOREVER));
    CHECK(xi_wait_is_settled(NULL) == 0);
    CHECK_STATUS(XI_ERR_NULL, xi_wait_finish(NULL, &value));
    xi_wait_release(NULL);

    CHECK_OK(check_try_send_int(sender, 2));
    REQUIRE_OK(xi_receiver_recv_begin(receiver, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_NULL, xi_wait_finish(wait, NULL)); /* the one error that leaves the wait */
    CHECK_OK(xi_wait_finish(wait, &value));
    CHECK(check_int(&value) == 2);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void what_was_taken_is_moved(void)
{
    xi_sender *sender;
    xi_receiver *receiver;
    check_channel(1, &sender, &receiver);
    xi_value value = xi_value_int(7);
    CHECK_OK(xi_sender_try_send(sender, &value));
    CHECK(value.word[0] == 0 && value.word[1] == 0);

    xi_wait *wait = NULL;
    int truth = 5, equal;
    int64_t number = 5;
    double real = 5;
    size_t size = 5;
    uint8_t bytes[8];
    const void *where;
    xi_text text;
    const xi_value *items;
    xi_sender *end = NULL;
    xi_receiver *other_end = NULL;
    CHECK_STATUS(XI_ERR_MOVED, xi_sender_try_send(sender, &value));
    CHECK_STATUS(XI_ERR_MOVED, xi_sender_send_wait(sender, &value, FOREVER));
    CHECK_STATUS(XI_ERR_MOVED, xi_sender_send_begin(sender, &value, NULL, NULL, &wait));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_bool(&value, &truth));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_int(&value, &number));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_float(&value, &real));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_int_size(&value, &size));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_int_to_bytes(&value, bytes, sizeof bytes));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_bytes(&value, &where, &size));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_text(&value, &text));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_items(&value, &items, &size));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_map_len(&value, &size));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_sender(&value, NULL, &end));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_as_receiver(&value, NULL, &other_end));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_mark_frozen(&value));
    CHECK_STATUS(XI_ERR_MOVED, xi_value_equal(&value, &value, &equal));
    CHECK(wait == NULL && end == NULL && other_end == NULL);
    CHECK(truth == 5 && number == 5 && size == 5);

    xi_value copy = xi_value_clone(&value);
    CHECK(xi_value_kind(&copy) == XI_KIND_MOVED);
    xi_value_release(&value);
    xi_value_release(&value);

    xi_value other = xi_value_int(1);
    xi_map_builder *map;
    REQUIRE_OK(xi_map_new(0, &map));
    CHECK_STATUS(XI_ERR_MOVED, xi_map_insert(map, &value, &other));
    CHECK_STATUS(XI_ERR_MOVED, xi_map_insert(map, &other, &value));
    CHECK(check_int(&other) == 1);
    xi_map_release(map);
    CHECK(check_try_recv_int(receiver) == 7);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void unknown_kinds_and_forms(void)
{
    const int32_t no_sequences[] = {
        XI_KIND_MOVED, XI_KIND_INT, XI_KIND_TEXT, XI_KIND_MAP, XI_KIND_SENDER, 99, -1};
    for (size_t i = 0; i < sizeof no_sequences / sizeof *no_sequences; i++) {
        xi_sequence_builder *builder = NULL;
        CHECK_STATUS(XI_ERR_KIND, xi_sequence_new(no_sequences[i], 1, &builder));
        CHECK(builder == NULL);
    }
    const int32_t no_forms[] = {5, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof no_forms / sizeof *no_forms; i++) {
        xi_value value = xi_value_int(1);
        const xi_value *found = NULL;
        CHECK_STATUS(XI_ERR_KIND, xi_value_text(no_forms[i], "a", 1, &value));
        CHECK_STATUS(XI_ERR_KIND, xi_value_text_unchecked(no_forms[i], "a", 1, &value));
        CHECK(check_int(&value) == 1);
        xi_map_builder *builder;
        xi_value map;
        REQUIRE_OK(xi_map_new(0, &builder));
        REQUIRE_OK(xi_map_finish(builder, &map));
        CHECK_STATUS(XI_ERR_KIND, xi_value_map_get_text(&map, no_forms[i], "a", 1, &found));
        CHECK(found == NULL);
        xi_value_release(&map);
    }

    xi_value value = xi_value_int(1), out;
    double real;
    int truth;
    size_t size;
    const void *where;
    const xi_value *items;
    xi_text text;
    xi_sender *sender;
    CHECK_STATUS(XI_ERR_KIND, xi_value_as_float(&value, &real));
    CHECK_STATUS(XI_ERR_KIND, xi_value_as_bool(&value, &truth));
    CHECK_STATUS(XI_ERR_KIND, xi_value_as_bytes(&value, &where, &size));
    CHECK_STATUS(XI_ERR_KIND, xi_value_as_text(&value, &text));
    CHECK_STATUS(XI_ERR_KIND, xi_value_items(&value, &items, &size));
    CHECK_STATUS(XI_ERR_KIND, xi_value_map_len(&value, &size));
    CHECK_STATUS(XI_ERR_KIND, xi_value_map_entry(&value, 0, &items, &items));
    CHECK_STATUS(XI_ERR_KIND, xi_value_map_get(&value, &value, &items));
    CHECK_STATUS(XI_ERR_KIND, xi_value_map_get_text(&value, XI_TEXT_ASCII, "a", 1, &items));
    CHECK_STATUS(XI_ERR_KIND, xi_value_as_sender(&value, NULL, &sender));
    CHECK_STATUS(XI_ERR_KIND, xi_value_mark_frozen(&value));
    CHECK(xi_value_is_frozen(&value) == 0);

    xi_sequence_builder *builder;
    REQUIRE_OK(xi_sequence_new(XI_KIND_RECORD, 1, &builder));
    xi_sequence_slots(builder)[0] = xi_value_int(5); /* a record's name is text */
    CHECK_STATUS(XI_ERR_KIND, xi_sequence_finish(builder, &out));
    xi_sequence_release(builder);
}

static void broken_text(void)
{
    const struct {
        int32_t form;
        const char *units;
        size_t len;
    } broken[] = {
        {XI_TEXT_ASCII, "a\x80", 2},
        {XI_TEXT_ASCII, "longer than what lies in a value \xFF", 34},
        {XI_TEXT_UTF8, "\xC3", 1},         /* cut */
        {XI_TEXT_UTF8, "\xED\xA0\x80", 3}, /* a surrogate */
        {XI_TEXT_UTF8, "\xC0\xAF", 2},     /* too long */
        {XI_TEXT_UCS4, (const char *)(const uint32_t[]){0x110000}, 1},
        {XI_TEXT_UCS4, (const char *)(const uint32_t[]){'a', UINT32_MAX}, 2},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        xi_value value = xi_value_int(1);
        CHECK_STATUS(XI_ERR_ENCODING, xi_value_text(broken[i].form, broken[i].units, broken[i].len, &value));
        CHECK(check_int(&value) == 1);
    }
}

static void numbers_out_of_range(void)
{
    xi_value value;
    int64_t number = 3;
    uint8_t bytes[4];
    value = xi_value_uint((uint64_t)INT64_MAX + 1);
    CHECK(xi_value_kind(&value) == XI_KIND_INT);
    CHECK_STATUS(XI_ERR_RANGE, xi_value_as_int(&value, &number));
    CHECK(number == 3);
    CHECK_STATUS(XI_ERR_RANGE, xi_value_int_to_bytes(&value, bytes, sizeof bytes));
    xi_value_release(&value);
    value = xi_value_int(128);
    CHECK_STATUS(XI_ERR_RANGE, xi_value_int_to_bytes(&value, bytes, 1)); /* needs its sign bit */
    CHECK_STATUS(XI_ERR_RANGE, xi_value_int_to_bytes(&value, bytes, 0));
    xi_value_release(&value);

    xi_sequence_builder *builder = NULL;
    CHECK_STATUS(XI_ERR_RANGE, xi_sequence_new(XI_KIND_RECORD, 0, &builder));
    xi_status status = xi_sequence_new(XI_KIND_LIST, SIZE_MAX, &builder);
    CHECK(status == XI_ERR_RANGE || status == XI_ERR_NOMEM);
    status = xi_sequence_new(XI_KIND_TUPLE, SIZE_MAX / 32, &builder);
    CHECK(status == XI_ERR_RANGE || status == XI_ERR_NOMEM);
    CHECK(builder == NULL);
    xi_map_builder *map = NULL;
    status = xi_map_new(SIZE_MAX, &map);
    CHECK(status == XI_ERR_RANGE || status == XI_ERR_NOMEM);
    status = xi_map_new(SIZE_MAX / 128, &map);
    CHECK(status == XI_ERR_RANGE || status == XI_ERR_NOMEM);
    CHECK(map == NULL);

    const xi_value *key = NULL;
    REQUIRE_OK(xi_map_new(0, &map));
    REQUIRE_OK(xi_map_finish(map, &value));
    CHECK_STATUS(XI_ERR_RANGE, xi_value_map_entry(&value, 0, &key, &key));
    CHECK_STATUS(XI_ERR_RANGE, xi_value_map_entry(&value, SIZE_MAX, &key, &key));
    CHECK(key == NULL);
    xi_value_release(&value);
}

static void options_that_are_not_known(void)
{
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    xi_channel_options options = {0, 1, NULL};
    CHECK_STATUS(XI_ERR_OPTION, xi_channel_new(&options, &sender, &receiver));
    options.struct_size = sizeof options - 1;
    CHECK_STATUS(XI_ERR_OPTION, xi_channel_new(&options, &sender, &receiver));
    options.struct_size = sizeof options + 8;
    CHECK_STATUS(XI_ERR_OPTION, xi_channel_new(&options, &sender, &receiver));
    CHECK(sender == NULL && receiver == NULL);

    REQUIRE_OK(xi_channel_new(NULL, &sender, &receiver));
    xi_channel_info info = {.struct_size = sizeof info + 8, .len = 77};
    CHECK_STATUS(XI_ERR_OPTION, xi_sender_info(sender, &info));
    info.struct_size = 0;
    CHECK_STATUS(XI_ERR_OPTION, xi_receiver_info(receiver, &info));
    CHECK(info.len == 77);
    xi_sender_release(sender);
    xi_receiver_release(receiver);
}

static void more_capacity_than_there_can_be(void)
{
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    xi_channel_options options = {sizeof options, SIZE_MAX - 1, NULL};
    CHECK_STATUS(XI_ERR_RANGE, xi_channel_new(&options, &sender, &receiver));
    options.capacity = SIZE_MAX / 16;
    CHECK_STATUS(XI_ERR_RANGE, xi_channel_new(&options, &sender, &receiver));
    options.capacity = SIZE_MAX / 64; /* an address space has as much, no machine does */
    CHECK_STATUS(XI_ERR_NOMEM, xi_channel_new(&options, &sender, &receiver));
    CHECK(sender == NULL && receiver == NULL);
}

static void keys_that_are_none(void)
{
    xi_map_builder *map;
    xi_sequence_builder *sequence;
    xi_value list, value = xi_value_int(1);
    REQUIRE_OK(xi_sequence_new(XI_KIND_LIST, 0, &sequence));
    REQUIRE_OK(xi_sequence_finish(sequence, &list));
    REQUIRE_OK(xi_map_new(0, &map));
    CHECK_STATUS(XI_ERR_UNHASHABLE, xi_map_insert(map, &list, &value));
    CHECK(xi_value_kind(&list) == XI_KIND_LIST && xi_value_kind(&value) == XI_KIND_INT);
    xi_value tuple;
    REQUIRE_OK(xi_sequence_new(XI_KIND_TUPLE, 2, &sequence));
    xi_value_release(&xi_sequence_slots(sequence)[0]); /* a place that was not filled holds nothing */
    CHECK_STATUS(XI_ERR_MOVED, xi_sequence_finish(sequence, &tuple));
    xi_sequence_slots(sequence)[0] = xi_value_none();
    xi_sequence_slots(sequence)[1] = list;
    list = (xi_value){{0, 0}};
    REQUIRE_OK(xi_sequence_finish(sequence, &tuple));
    CHECK_STATUS(XI_ERR_UNHASHABLE, xi_map_insert(map, &tuple, &value));
    xi_value built;
    CHECK_OK(xi_map_finish(map, &built));
    size_t len = 9;
    CHECK_OK(xi_value_map_len(&built, &len));
    CHECK(len == 0);
    const xi_value *found = NULL;
    CHECK_STATUS(XI_ERR_UNHASHABLE, xi_value_map_get(&built, &tuple, &found));
    CHECK_STATUS(XI_ERR_MISSING, xi_value_map_get(&built, &value, &found));
    CHECK_STATUS(XI_ERR_MISSING, xi_value_map_get_text(&built, XI_TEXT_ASCII, "a", 1, &found));
    CHECK(found == NULL);
    xi_value_release(&tuple);
    xi_value_release(&value);
    xi_value_release(&built);
}

int main(void)
{
    versions_and_names();
    null_is_answered_by_values();
    null_is_answered_by_builders();
    null_is_answered_by_domains_and_channels();
    null_is_answered_by_waits();
    what_was_taken_is_moved();
    unknown_kinds_and_forms();
    broken_text();
    numbers_out_of_range();
    options_that_are_not_known();
    more_capacity_than_there_can_be();
    keys_that_are_none();
    return check_report("wrong_calls");
}
