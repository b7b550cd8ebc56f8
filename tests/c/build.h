/* Values for the C tests, built or the program ends. */
#ifndef BUILD_H
#define BUILD_H

#include "check.h"

static inline xi_value must_text(int32_t form, const void *units, size_t len)
{
    xi_value value;
    REQUIRE_OK(xi_value_text(form, units, len, &value));
    return value;
}

static inline xi_value must_ascii(const char *text)
{
    return must_text(XI_TEXT_ASCII, text, strlen(text));
}

static inline xi_value must_bytes(const void *bytes, size_t len)
{
    xi_value value;
    REQUIRE_OK(xi_value_bytes(bytes, len, &value));
    return value;
}

static inline xi_value must_big(const uint8_t *bytes, size_t len)
{
    xi_value value;
    REQUIRE_OK(xi_value_int_from_bytes(bytes, len, &value));
    return value;
}

/* Takes the items. */
static inline xi_value must_sequence(int32_t kind, size_t len, xi_value *items)
{
    xi_sequence_builder *builder;
    REQUIRE_OK(xi_sequence_new(kind, len, &builder));
    if (len > 0) {
        memcpy(xi_sequence_slots(builder), items, len * sizeof *items);
        memset(items, 0, len * sizeof *items);
    }
    xi_value value;
    REQUIRE_OK(xi_sequence_finish(builder, &value));
    return value;
}

static inline xi_value must_map(size_t len, xi_value (*entries)[2])
{
    xi_map_builder *builder;
    REQUIRE_OK(xi_map_new(0, &builder)); /* grows */
    for (size_t i = 0; i < len; i++) {
        REQUIRE_OK(xi_map_insert(builder, &entries[i][0], &entries[i][1]));
        CHECK(xi_value_kind(&entries[i][0]) == XI_KIND_MOVED);
        CHECK(xi_value_kind(&entries[i][1]) == XI_KIND_MOVED);
    }
    xi_value value;
    REQUIRE_OK(xi_map_finish(builder, &value));
    return value;
}

static inline xi_value nested(int depth)
{
    xi_value inner = xi_value_int(depth);
    for (int i = 0; i < depth; i++) {
        xi_value items[] = {inner, xi_value_bool(i % 2)};
        inner = must_sequence(i % 2 ? XI_KIND_LIST : XI_KIND_TUPLE, 2, items);
    }
    return inner;
}

static inline xi_value mixed_map(void)
{
    xi_value parts[] = {xi_value_int(1), must_ascii("b")};
    xi_value entries[][2] = {
        {must_ascii("text"), xi_value_int(1)},
        {xi_value_int(2), must_ascii("an int's value, a long one at that")},
        {must_sequence(XI_KIND_TUPLE, 2, parts), nested(3)},
        {xi_value_none(), must_map(0, NULL)},
        {xi_value_float(0.5), xi_value_ellipsis()},
        {must_bytes("bytes", 5), xi_value_bool(1)},
    };
    return must_map(6, entries);
}

static inline xi_value point(void)
{
    xi_value items[] = {must_ascii("geometry.Point"), xi_value_int(3), xi_value_int(4)};
    return must_sequence(XI_KIND_RECORD, 3, items);
}

/* Equal, of the same kind, and marked alike. */
static inline bool same(const xi_value *left, const xi_value *right)
{
    int equal = -1;
    CHECK_OK(xi_value_equal(left, right, &equal));
    return equal == 1 && xi_value_kind(left) == xi_value_kind(right) &&
           xi_value_is_frozen(left) == xi_value_is_frozen(right);
}

#endif /* BUILD_H */
