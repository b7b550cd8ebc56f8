/* Readers of values: what was put in is read out, in place where the header says so. */
#include "build.h"

#include <math.h>

static void numbers_read_as_they_were_made(void)
{
    const int64_t numbers[] = {0, 1, -1, 127, 128, -128, -129, INT32_MAX, INT64_MAX, INT64_MIN};
    const size_t sizes[] = {1, 1, 1, 1, 2, 1, 2, 4, 8, 8};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        xi_value value = xi_value_int(numbers[i]);
        int64_t number = 0;
        size_t size = 0;
        uint8_t bytes[16];
        CHECK_OK(xi_value_as_int(&value, &number));
        CHECK(number == numbers[i]);
        CHECK_OK(xi_value_int_size(&value, &size));
        CHECK(size == sizes[i]);
        CHECK_OK(xi_value_int_to_bytes(&value, bytes, size));
        xi_value again = must_big(bytes, size);
        CHECK(same(&value, &again));
        CHECK_OK(xi_value_int_to_bytes(&value, bytes, sizeof bytes)); /* sign-extended */
        CHECK(bytes[15] == (numbers[i] < 0 ? 0xFF : 0));
        CHECK(check_int(&again) == numbers[i]);
        again = must_big(bytes, sizeof bytes); /* normal again */
        CHECK(check_int(&again) == numbers[i]);
        xi_value_release(&value);
    }
    xi_value nothing = must_big(NULL, 0);
    CHECK(check_int(&nothing) == 0);

    uint8_t big[33] = {0}, back[40];
    big[0] = 5;
    big[32] = 0x81; /* negative */
    xi_value value = must_big(big, sizeof big);
    size_t size = 0;
    CHECK(xi_value_kind(&value) == XI_KIND_INT);
    CHECK_OK(xi_value_int_size(&value, &size));
    CHECK(size == sizeof big);
    CHECK_OK(xi_value_int_to_bytes(&value, back, sizeof back));
    CHECK(memcmp(back, big, sizeof big) == 0);
    CHECK(back[33] == 0xFF && back[39] == 0xFF);
    xi_value_release(&value);

    double real = 0;
    value = xi_value_float(-0.25);
    CHECK_OK(xi_value_as_float(&value, &real));
    CHECK(real == -0.25);
    int truth = 7;
    value = xi_value_bool(2);
    CHECK_OK(xi_value_as_bool(&value, &truth));
    CHECK(truth == 1);
}

static void text_reads_in_the_form_it_came_in(void)
{
    static const uint16_t ucs2[] = {'x', 0x20AC};
    static const uint32_t ucs4[] = {'x', 0x20AC};
    static const char utf8[] = "x\xE2\x82\xAC";
    const struct {
        int32_t form;
        const void *units;
        size_t len, bytes;
        uint32_t most;
    } forms[] = {
        {XI_TEXT_ASCII, "plain", 5, 5, 127}, {XI_TEXT_LATIN1, "caf\xE9", 4, 4, 255},
        {XI_TEXT_UTF8, utf8, 4, 4, 65535},   {XI_TEXT_UCS2, ucs2, 2, 4, 65535},
        {XI_TEXT_UCS4, ucs4, 2, 8, 1114111},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        xi_value checked = must_text(forms[i].form, forms[i].units, forms[i].len), value;
        REQUIRE_OK(xi_value_text_unchecked(forms[i].form, forms[i].units, forms[i].len, &value));
        CHECK(same(&checked, &value));
        xi_text text;
        CHECK_OK(xi_value_as_text(&value, &text));
        CHECK(text.form == forms[i].form);
        CHECK(text.len == forms[i].len);
        CHECK(memcmp(text.units, forms[i].units, forms[i].bytes) == 0);
        CHECK(text.max_point >= (forms[i].most == 127 ? 0u : 128u) && text.max_point <= 1114111);
        xi_value_release(&value);
        xi_value_release(&checked);
    }
    /* The same text in three forms. */
    xi_value a = must_text(XI_TEXT_UTF8, utf8, 4), b = must_text(XI_TEXT_UCS2, ucs2, 2),
             c = must_text(XI_TEXT_UCS4, ucs4, 2);
    CHECK(same(&a, &b) && same(&b, &c) && same(&a, &c));
    xi_value_release(&a);
    xi_value_release(&b);
    xi_value_release(&c);
}

static void equality_is_that_of_python(void)
{
    xi_value one = xi_value_int(1), also = xi_value_float(1), yes = xi_value_bool(1),
             nan_value = xi_value_float(NAN);
    xi_value tuple = nested(1), list;
    xi_value items[] = {xi_value_int(1), xi_value_bool(0)};
    list = must_sequence(XI_KIND_LIST, 2, items);
    int equal = -1;
    CHECK_OK(xi_value_equal(&one, &also, &equal));
    CHECK(equal == 1);
    CHECK_OK(xi_value_equal(&also, &yes, &equal));
    CHECK(equal == 1);
    CHECK_OK(xi_value_equal(&nan_value, &nan_value, &equal));
    CHECK(equal == 0);
    CHECK_OK(xi_value_equal(&tuple, &list, &equal));
    CHECK(equal == 0);
    xi_value_release(&tuple);
    xi_value_release(&list);
}

static void containers_read_in_place(void)
{
    xi_value record = point();
    const xi_value *items = NULL;
    size_t len = 0;
    CHECK_OK(xi_value_items(&record, &items, &len));
    CHECK(len == 3);
    xi_text name;
    CHECK_OK(xi_value_as_text(&items[0], &name));
    CHECK(name.len == 14 && memcmp(name.units, "geometry.Point", 14) == 0);
    int64_t number = 0;
    CHECK_OK(xi_value_as_int(&items[2], &number));
    CHECK(number == 4);
    xi_value_release(&record);

    xi_value map = mixed_map();
    CHECK_OK(xi_value_map_len(&map, &len));
    CHECK(len == 6);
    const int32_t kinds[] = {XI_KIND_TEXT, XI_KIND_INT,   XI_KIND_TUPLE,
                             XI_KIND_NONE, XI_KIND_FLOAT, XI_KIND_BYTES};
    for (size_t i = 0; i < len; i++) { /* in the order of insertion */
        const xi_value *key = NULL, *value = NULL, *found = NULL;
        CHECK_OK(xi_value_map_entry(&map, i, &key, &value));
        CHECK(xi_value_kind(key) == kinds[i]);
        CHECK_OK(xi_value_map_get(&map, key, &found));
        CHECK(found == value);
    }
    const xi_value *found = NULL;
    CHECK_OK(xi_value_map_get_text(&map, XI_TEXT_ASCII, "text", 4, &found));
    CHECK_OK(xi_value_as_int(found, &number));
    CHECK(number == 1);
    xi_value key = xi_value_float(2);
    CHECK_OK(xi_value_map_get(&map, &key, &found)); /* 2.0 == 2 */
    CHECK(xi_value_kind(found) == XI_KIND_TEXT);
    xi_value_release(&map);

    /* A key that is there keeps its place and first form, and gets the new value. */
    xi_value entries[][2] = {{xi_value_int(1), xi_value_int(10)},
                             {xi_value_int(2), xi_value_int(20)},
                             {xi_value_float(1), xi_value_int(30)}};
    map = must_map(3, entries);
    CHECK_OK(xi_value_map_len(&map, &len));
    CHECK(len == 2);
    const xi_value *first = NULL;
    CHECK_OK(xi_value_map_entry(&map, 0, &first, &found));
    CHECK(xi_value_kind(first) == XI_KIND_INT);
    CHECK_OK(xi_value_as_int(found, &number));
    CHECK(number == 30);
    xi_value_release(&map);
}

static void sharing_is_seen(void)
{
    xi_value value = xi_value_int(1), list = nested(1);
    xi_value same_int = xi_value_clone(&value);
    CHECK(xi_value_is_shared(&value) == 0); /* it lies in each of them */
    CHECK(xi_value_is_shared(&list) == 0);
    xi_value again = xi_value_clone(&list);
    CHECK(xi_value_is_shared(&list) == 1);
    CHECK(xi_value_is_shared(&again) == 1);
    xi_value_release(&list);
    CHECK(xi_value_is_shared(&list) == 0);
    CHECK(xi_value_is_shared(&again) == 0);
    xi_value_release(&again);
    xi_value_release(&same_int);
}

static void a_large_map_finds_what_is_in_it(void)
{
    enum { ENTRIES = 20000 };
    xi_map_builder *builder;
    REQUIRE_OK(xi_map_new(ENTRIES, &builder));
    char name[32];
    for (int i = 0; i < ENTRIES; i++) {
        int len = snprintf(name, sizeof name, "identifier_number_%d", i);
        xi_value key = must_text(XI_TEXT_UTF8, name, (size_t)len), value = xi_value_int(i);
        REQUIRE_OK(xi_map_insert(builder, &key, &value));
    }
    xi_value map;
    REQUIRE_OK(xi_map_finish(builder, &map));
    for (int i = 0; i < ENTRIES + 10; i++) {
        int len = snprintf(name, sizeof name, "identifier_number_%d", i);
        const xi_value *found = NULL;
        xi_status status = xi_value_map_get_text(&map, XI_TEXT_ASCII, name, (size_t)len, &found);
        int64_t number = -1;
        if (i < ENTRIES) {
            CHECK_OK(status);
            CHECK_OK(xi_value_as_int(found, &number));
            CHECK(number == i);
        } else {
            CHECK_STATUS(XI_ERR_MISSING, status);
        }
    }
    xi_value_release(&map);
}

int main(void)
{
    numbers_read_as_they_were_made();
    text_reads_in_the_form_it_came_in();
    equality_is_that_of_python();
    containers_read_in_place();
    sharing_is_seen();
    a_large_map_finds_what_is_in_it();
    return check_report("readers");
}
