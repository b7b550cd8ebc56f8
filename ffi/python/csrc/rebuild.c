/* rebuild.c: turns values into Python's objects. */
#include "memo.h"

#include <string.h>

/* What becomes of containers. */
enum { AS_MARKED, AS_BUILTINS, AS_VIEWS };

enum { KEYS = 32 };

/* One rebuilding.  The memo has what was made of each shared thing inside the root, by the place of its content.  keys
 * has the short keys that dicts had last: rows of a table have the same ones, and then share them. */
typedef struct rebuilder {
    core_state *state;
    int thaw; /* marks are looked through */
    core_memo memo;
    PyObject *keys[KEYS];
} rebuilder;

static PyObject *rebuild(rebuilder *walk, const xi_value *value);

static int is_container(int kind)
{
    return kind == XI_KIND_TUPLE || kind == XI_KIND_LIST || kind == XI_KIND_MAP;
}

/* ---- Things without parts ---- */

static PyObject *str_of(const xi_text *text)
{
    Py_ssize_t len = (Py_ssize_t)text->len;
    int kind;
    switch (text->form) {
    case XI_TEXT_ASCII:
    case XI_TEXT_LATIN1:
        kind = PyUnicode_1BYTE_KIND;
        break;
    case XI_TEXT_UCS2:
        kind = PyUnicode_2BYTE_KIND;
        break;
    case XI_TEXT_UCS4:
        kind = PyUnicode_4BYTE_KIND;
        break;
    default:
        return PyUnicode_DecodeUTF8(text->units, len, "strict");
    }
    /* A str has the narrowest form that holds it; one character of Latin-1 is one object.  Text that C or Rust made may
     * be wider than it needs: then Python looks for its largest code point itself. */
    Py_UCS4 class = text->max_point < 0x80      ? 0x7F
                    : text->max_point < 0x100   ? 0xFF
                    : text->max_point < 0x10000 ? 0xFFFF
                                                : 0x10FFFF;
    int needed = class <= 0xFF     ? PyUnicode_1BYTE_KIND
                 : class <= 0xFFFF ? PyUnicode_2BYTE_KIND
                                   : PyUnicode_4BYTE_KIND;
    if (len <= 1 || kind != needed) {
        return PyUnicode_FromKindAndData(kind, text->units, len);
    }
    PyObject *result = PyUnicode_New(len, class);
    if (result != NULL) {
        memcpy(PyUnicode_DATA(result), text->units, (size_t)len * (size_t)kind);
    }
    return result;
}

static PyObject *rebuild_text(core_state *state, const xi_value *value)
{
    xi_text text;
    xi_status status = xi_value_as_text(value, &text);
    return status == XI_OK ? str_of(&text) : core_raise(state, status);
}

static PyObject *rebuild_bytes(core_state *state, const xi_value *value)
{
    const void *bytes;
    size_t len;
    xi_status status = xi_value_as_bytes(value, &bytes, &len);
    if (status != XI_OK) {
        return core_raise(state, status);
    }
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)len);
}

static PyObject *rebuild_sender(core_state *state, const xi_value *value)
{
    xi_sender *sender;
    xi_domain *domain = core_domain(state);
    if (domain == NULL) {
        return NULL;
    }
    xi_status status = xi_value_as_sender(value, domain, &sender);
    return status == XI_OK ? core_sender_wrap(state, sender) : core_raise(state, status);
}

static PyObject *rebuild_receiver(core_state *state, const xi_value *value)
{
    xi_receiver *receiver;
    xi_domain *domain = core_domain(state);
    if (domain == NULL) {
        return NULL;
    }
    xi_status status = xi_value_as_receiver(value, domain, &receiver);
    return status == XI_OK ? core_receiver_wrap(state, receiver) : core_raise(state, status);
}

static PyObject *rebuild_scalar(core_state *state, const xi_value *value, int kind)
{
    int truth;
    double number;
    switch (kind) {
    case XI_KIND_INT:
        return core_int_from_value(state, value);
    case XI_KIND_TEXT:
        return rebuild_text(state, value);
    case XI_KIND_NONE:
        Py_RETURN_NONE;
    case XI_KIND_FLOAT:
        (void)xi_value_as_float(value, &number);
        return PyFloat_FromDouble(number);
    case XI_KIND_BOOL:
        (void)xi_value_as_bool(value, &truth);
        return PyBool_FromLong(truth);
    case XI_KIND_BYTES:
        return rebuild_bytes(state, value);
    case XI_KIND_ELLIPSIS:
        return Py_NewRef(Py_Ellipsis);
    case XI_KIND_SENDER:
        return rebuild_sender(state, value);
    case XI_KIND_RECEIVER:
        return rebuild_receiver(state, value);
    case XI_KIND_MOVED:
        return core_raise(state, XI_ERR_MOVED);
    default:
        return core_raise(state, XI_ERR_KIND);
    }
}

/* ---- Containers ---- */

static PyObject *rebuild_tuple(rebuilder *walk, const xi_value *items, size_t len)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)len);
    for (size_t i = 0; tuple != NULL && i < len; i++) {
        PyObject *item = rebuild(walk, &items[i]);
        if (item == NULL) {
            Py_CLEAR(tuple);
        } else {
            PyTuple_SET_ITEM(tuple, (Py_ssize_t)i, item);
        }
    }
    return tuple;
}

static PyObject *rebuild_list(rebuilder *walk, const xi_value *items, size_t len)
{
    PyObject *list = PyList_New((Py_ssize_t)len);
    for (size_t i = 0; list != NULL && i < len; i++) {
        PyObject *item = rebuild(walk, &items[i]);
        if (item == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, (Py_ssize_t)i, item);
        }
    }
    return list;
}

/* Where among the last keys a short text belongs: of 2 to 14 bytes. */
static size_t place_of_key(const char *bytes, size_t len)
{
    uint64_t start = 0, end = 0;
    memcpy(&start, bytes, len < 8 ? len : 8);
    if (len > 8) {
        memcpy(&end, bytes + 8, len - 8);
    }
    return (size_t)(((start ^ (end << 1)) + len) * UINT64_C(0x9E3779B97F4A7C15) >> 32) % KEYS;
}

static PyObject *rebuild_key(rebuilder *walk, const xi_value *key)
{
    xi_text text;
    if (xi_value_as_text(key, &text) != XI_OK || text.form != XI_TEXT_ASCII || text.len < 2 ||
        text.len > 14) {
        return rebuild(walk, key);
    }
    PyObject **last = &walk->keys[place_of_key(text.units, text.len)];
    if (*last != NULL && (size_t)PyUnicode_GET_LENGTH(*last) == text.len &&
        memcmp(PyUnicode_DATA(*last), text.units, text.len) == 0) {
        return Py_NewRef(*last);
    }
    PyObject *object = str_of(&text);
    if (object != NULL) {
        Py_XSETREF(*last, Py_NewRef(object));
    }
    return object;
}

static int rebuild_entry(rebuilder *walk, const xi_value *map, size_t index, PyObject *dict)
{
    const xi_value *key, *value;
    xi_status status = xi_value_map_entry(map, index, &key, &value);
    if (status != XI_OK) {
        (void)core_raise(walk->state, status);
        return -1;
    }
    PyObject *key_object = rebuild_key(walk, key);
    PyObject *value_object = key_object == NULL ? NULL : rebuild(walk, value);
    int result = value_object == NULL ? -1 : PyDict_SetItem(dict, key_object, value_object);
    Py_XDECREF(key_object);
    Py_XDECREF(value_object);
    return result;
}

static PyObject *rebuild_dict(rebuilder *walk, const xi_value *map, size_t len)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < len; i++) {
        if (rebuild_entry(walk, map, i, dict) < 0) {
            Py_CLEAR(dict);
        }
    }
    return dict;
}

static PyObject *rebuild_container(rebuilder *walk, const xi_value *value, int kind)
{
    const xi_value *items = NULL;
    size_t len;
    xi_status status =
        kind == XI_KIND_MAP ? xi_value_map_len(value, &len) : xi_value_items(value, &items, &len);
    if (status != XI_OK) {
        return core_raise(walk->state, status);
    }
    if (Py_EnterRecursiveCall(" while rebuilding an object")) {
        return NULL;
    }
    PyObject *object = kind == XI_KIND_TUPLE  ? rebuild_tuple(walk, items, len)
                       : kind == XI_KIND_LIST ? rebuild_list(walk, items, len)
                       : kind == XI_KIND_MAP  ? rebuild_dict(walk, value, len)
                                              : core_record_rebuild(walk->state, value);
    Py_LeaveRecursiveCall();
    return object;
}

/* ---- Walking ---- */

/* Where the content of a thing is, which tells it from all others while it lives; NULL when there is none. */
static const void *content_of(const xi_value *value, int kind)
{
    const xi_value *items = NULL, *first;
    const void *bytes = NULL;
    xi_text text;
    size_t len = 0;
    switch (kind) {
    case XI_KIND_TUPLE:
    case XI_KIND_LIST:
    case XI_KIND_RECORD:
        return xi_value_items(value, &items, &len) == XI_OK && len > 0 ? items : NULL;
    case XI_KIND_MAP:
        return xi_value_map_entry(value, 0, &items, &first) == XI_OK ? items : NULL;
    case XI_KIND_TEXT:
        return xi_value_as_text(value, &text) == XI_OK && text.len > 0 ? text.units : NULL;
    case XI_KIND_BYTES:
        return xi_value_as_bytes(value, &bytes, &len) == XI_OK && len > 0 ? bytes : NULL;
    default:
        return NULL;
    }
}

static PyObject *rebuild_unshared(rebuilder *walk, const xi_value *value, int kind)
{
    return is_container(kind) || kind == XI_KIND_RECORD ? rebuild_container(walk, value, kind)
                                                        : rebuild_scalar(walk->state, value, kind);
}

/* A value inside the root. */
static PyObject *rebuild(rebuilder *walk, const xi_value *value)
{
    int kind = xi_value_kind(value);
    if (kind == XI_KIND_INT) {
        return core_int_from_value(walk->state, value);
    }
    if (is_container(kind) && !walk->thaw && xi_value_is_frozen(value)) {
        return core_view_new(walk->state, value);
    }
    const void *content = xi_value_is_shared(value) ? content_of(value, kind) : NULL;
    if (content == NULL) {
        return rebuild_unshared(walk, value, kind);
    }
    core_memo_entry *entry = core_memo_find(&walk->memo, content);
    if (entry != NULL) {
        return Py_NewRef(entry->object);
    }
    PyObject *object = rebuild_unshared(walk, value, kind);
    if (object != NULL) {
        entry = core_memo_add(&walk->memo, content);
        if (entry == NULL) {
            Py_CLEAR(object);
        } else {
            entry->object = Py_NewRef(object);
        }
    }
    return object;
}

/* The root: it cannot be met again, because values have no cycles. */
static PyObject *rebuild_root(core_state *state, const xi_value *value, int kind, int thaw)
{
    rebuilder walk = {.state = state, .thaw = thaw};
    core_memo_init(&walk.memo);
    PyObject *object = rebuild_container(&walk, value, kind);
    core_memo_clear(&walk.memo);
    for (size_t i = 0; i < KEYS; i++) {
        Py_XDECREF(walk.keys[i]);
    }
    return object;
}

static PyObject *object_from_value(core_state *state, const xi_value *value, int containers)
{
    int kind = xi_value_kind(value);
    if (is_container(kind) &&
        (containers == AS_VIEWS || (containers == AS_MARKED && xi_value_is_frozen(value)))) {
        return core_view_new(state, value);
    }
    return is_container(kind) || kind == XI_KIND_RECORD
               ? rebuild_root(state, value, kind, containers == AS_BUILTINS)
               : rebuild_scalar(state, value, kind);
}

PyObject *core_object_from_value(core_state *state, const xi_value *value)
{
    return object_from_value(state, value, AS_MARKED);
}

PyObject *core_object_thawed(core_state *state, const xi_value *value)
{
    return object_from_value(state, value, AS_BUILTINS);
}

PyObject *core_view_part(core_state *state, const xi_value *part)
{
    return object_from_value(state, part, AS_VIEWS);
}
