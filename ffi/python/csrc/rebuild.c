/* rebuild.c: turns values into Python's objects. */
#include "memo.h"

#include <string.h>

/* One rebuilding.  The memo has what was made of each container inside the root, by the place of its items. */
typedef struct rebuilder {
    core_state *state;
    int thaw; /* marks are looked through */
    core_memo memo;
} rebuilder;

static PyObject *rebuild(rebuilder *walk, const xi_value *value, int inside);

/* ---- Things without parts ---- */

static PyObject *rebuild_text(core_state *state, const xi_value *value)
{
    xi_text text;
    xi_status status = xi_value_as_text(value, &text);
    if (status != XI_OK) {
        return core_raise(state, status);
    }
    Py_ssize_t len = (Py_ssize_t)text.len;
    int kind;
    switch (text.form) {
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
        return PyUnicode_DecodeUTF8(text.units, len, "strict");
    }
    /* A str has the narrowest form that holds it; one character of Latin-1 is one object.  Text that C or Rust made may
     * be wider than it needs: then Python looks for its largest code point itself. */
    Py_UCS4 class = text.max_point < 0x80      ? 0x7F
                    : text.max_point < 0x100   ? 0xFF
                    : text.max_point < 0x10000 ? 0xFFFF
                                               : 0x10FFFF;
    int needed = class <= 0xFF     ? PyUnicode_1BYTE_KIND
                 : class <= 0xFFFF ? PyUnicode_2BYTE_KIND
                                   : PyUnicode_4BYTE_KIND;
    if (len <= 1 || kind != needed) {
        return PyUnicode_FromKindAndData(kind, text.units, len);
    }
    PyObject *result = PyUnicode_New(len, class);
    if (result != NULL) {
        memcpy(PyUnicode_DATA(result), text.units, (size_t)len * (size_t)kind);
    }
    return result;
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

static PyObject *rebuild_scalar(core_state *state, const xi_value *value)
{
    int truth;
    double number;
    switch (xi_value_kind(value)) {
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
        PyObject *item = rebuild(walk, &items[i], 1);
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
        PyObject *item = rebuild(walk, &items[i], 1);
        if (item == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, (Py_ssize_t)i, item);
        }
    }
    return list;
}

static PyObject *rebuild_dict(rebuilder *walk, const xi_value *map, size_t len)
{
    PyObject *dict = PyDict_New();
    for (size_t i = 0; dict != NULL && i < len; i++) {
        const xi_value *key, *value;
        PyObject *key_object = NULL, *value_object = NULL;
        int result = -1;
        xi_status status = xi_value_map_entry(map, i, &key, &value);
        if (status != XI_OK) {
            (void)core_raise(walk->state, status);
        } else if ((key_object = rebuild(walk, key, 1)) != NULL &&
                   (value_object = rebuild(walk, value, 1)) != NULL) {
            result = PyDict_SetItem(dict, key_object, value_object);
        }
        Py_XDECREF(key_object);
        Py_XDECREF(value_object);
        if (result < 0) {
            Py_CLEAR(dict);
        }
    }
    return dict;
}

/* Where the parts of a container are, which tells it from all others while it lives; NULL when it has none. */
static xi_status parts_of(const xi_value *value, int kind, const xi_value **items, size_t *len)
{
    xi_status status;
    *items = NULL;
    if (kind == XI_KIND_MAP) {
        const xi_value *first;
        status = xi_value_map_len(value, len);
        return status == XI_OK && *len > 0 ? xi_value_map_entry(value, 0, items, &first) : status;
    }
    return xi_value_items(value, items, len);
}

static PyObject *rebuild_container(rebuilder *walk, const xi_value *value, int kind, int inside)
{
    const xi_value *items;
    size_t len;
    xi_status status = parts_of(value, kind, &items, &len);
    if (status != XI_OK) {
        return core_raise(walk->state, status);
    }
    /* The root cannot be met again: values have no cycles. */
    int may_meet_again = inside && len > 0;
    if (may_meet_again) {
        core_memo_entry *entry = core_memo_find(&walk->memo, items);
        if (entry != NULL) {
            return Py_NewRef(entry->object);
        }
    }
    if (Py_EnterRecursiveCall(" while rebuilding an object")) {
        return NULL;
    }
    PyObject *object = kind == XI_KIND_TUPLE  ? rebuild_tuple(walk, items, len)
                       : kind == XI_KIND_LIST ? rebuild_list(walk, items, len)
                       : kind == XI_KIND_MAP  ? rebuild_dict(walk, value, len)
                                              : core_record_rebuild(walk->state, value);
    Py_LeaveRecursiveCall();
    if (object != NULL && may_meet_again) {
        core_memo_entry *entry = core_memo_add(&walk->memo, items);
        if (entry == NULL) {
            Py_CLEAR(object);
        } else {
            entry->object = Py_NewRef(object);
        }
    }
    return object;
}

static PyObject *rebuild(rebuilder *walk, const xi_value *value, int inside)
{
    int kind = xi_value_kind(value);
    switch (kind) {
    case XI_KIND_TUPLE:
    case XI_KIND_LIST:
    case XI_KIND_MAP:
        if (!walk->thaw && xi_value_is_frozen(value)) {
            return core_view_new(walk->state, value);
        }
        return rebuild_container(walk, value, kind, inside);
    case XI_KIND_RECORD:
        return rebuild_container(walk, value, kind, inside);
    default:
        return rebuild_scalar(walk->state, value);
    }
}

static PyObject *rebuild_all(core_state *state, const xi_value *value, int thaw)
{
    rebuilder walk = {.state = state, .thaw = thaw};
    core_memo_init(&walk.memo);
    PyObject *object = rebuild(&walk, value, 0);
    core_memo_clear(&walk.memo);
    return object;
}

PyObject *core_object_from_value(core_state *state, const xi_value *value)
{
    int kind = xi_value_kind(value);
    if (kind == XI_KIND_TUPLE || kind == XI_KIND_LIST || kind == XI_KIND_MAP || kind == XI_KIND_RECORD) {
        return rebuild_all(state, value, 0);
    }
    return rebuild_scalar(state, value);
}

PyObject *core_object_thawed(core_state *state, const xi_value *value)
{
    return rebuild_all(state, value, 1);
}
