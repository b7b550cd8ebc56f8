/* convert.c: turns Python's objects into values. */
#include "compat.h"
#include "memo.h"
#include "path.h"

/* One conversion.  Only what may be reached twice is in the memo: a container that is being converted has a moved value
 * there, and meeting it again is a cycle; one that is done has its value, which is then shared. */
typedef struct walker {
    core_state *state;
    PyObject *root;
    const char *verb;
    core_memo memo;
} walker;

/* Text and bytes up to this size live inside the value: there is nothing to share. */
enum { INLINE_SIZE = 14 };

static int convert(walker *walk, PyObject *object, const core_step *here, xi_value *out);

/* ---- Things without parts ---- */

static int give(core_state *state, xi_status status)
{
    if (status != XI_OK) {
        (void)core_raise(state, status);
        return -1;
    }
    return 0;
}

static int text_of(PyObject *text, const void **units, size_t *len)
{
    *units = PyUnicode_DATA(text);
    *len = (size_t)PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND:
        return PyUnicode_IS_ASCII(text) ? XI_TEXT_ASCII : XI_TEXT_LATIN1;
    case PyUnicode_2BYTE_KIND:
        return XI_TEXT_UCS2;
    default:
        return XI_TEXT_UCS4;
    }
}

static int convert_text(core_state *state, PyObject *text, xi_value *out)
{
    const void *units;
    size_t len;
    int form = text_of(text, &units, &len);
    return give(state, xi_value_text_unchecked(form, units, len, out));
}

static int convert_bytes(core_state *state, PyObject *bytes, xi_value *out)
{
    return give(state, xi_value_bytes(PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes), out));
}

/* 1: done, 0: it is something else, -1: error. */
static int convert_scalar(core_state *state, PyObject *object, xi_value *out)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyLong_Type) {
        return core_value_from_int(state, object, out) < 0 ? -1 : 1;
    }
    if (type == &PyUnicode_Type) {
        return convert_text(state, object, out) < 0 ? -1 : 1;
    }
    if (object == Py_None) {
        *out = xi_value_none();
        return 1;
    }
    if (type == &PyFloat_Type) {
        *out = xi_value_float(PyFloat_AS_DOUBLE(object));
        return 1;
    }
    if (type == &PyBool_Type) {
        *out = xi_value_bool(object == Py_True);
        return 1;
    }
    if (type == &PyBytes_Type) {
        return convert_bytes(state, object, out) < 0 ? -1 : 1;
    }
    if (object == Py_Ellipsis) {
        *out = xi_value_ellipsis();
        return 1;
    }
    return 0;
}

/* The same for what stands for a channel or a value of ours. */
static int convert_own(core_state *state, PyObject *object, xi_value *out)
{
    PyTypeObject *type = Py_TYPE(object);
    if (core_view_check(state, object)) {
        *out = xi_value_clone(&((core_view *)object)->value);
        return 1;
    }
    if (type == state->sender_type) {
        xi_sender *sender = core_sender_borrow(state, object);
        return sender == NULL || give(state, xi_sender_to_value(sender, out)) < 0 ? -1 : 1;
    }
    if (type == state->receiver_type) {
        xi_receiver *receiver = core_receiver_borrow(state, object);
        return receiver == NULL || give(state, xi_receiver_to_value(receiver, out)) < 0 ? -1 : 1;
    }
    return 0;
}

/* ---- Containers ---- */

static int changed(const walker *walk, PyObject *container)
{
    PyErr_Format(PyExc_RuntimeError, "%s changed size while it was being converted",
                 Py_TYPE(container)->tp_name);
    return -1;
}

static int finish_sequence(core_state *state, xi_sequence_builder *builder, int result, xi_value *out)
{
    if (result == 0) {
        result = give(state, xi_sequence_finish(builder, out));
    }
    if (result < 0) {
        xi_sequence_release(builder);
    }
    return result;
}

static int convert_tuple(walker *walk, PyObject *tuple, const core_step *up, xi_value *out)
{
    Py_ssize_t len = PyTuple_GET_SIZE(tuple);
    xi_sequence_builder *builder;
    if (give(walk->state, xi_sequence_new(XI_KIND_TUPLE, (size_t)len, &builder)) < 0) {
        return -1;
    }
    xi_value *slots = xi_sequence_slots(builder);
    core_step step = {.up = up, .container = tuple, .kind = CORE_STEP_ITEM};
    int result = 0;
    for (; result == 0 && step.index < len; step.index++) {
        result = convert(walk, PyTuple_GET_ITEM(tuple, step.index), &step, &slots[step.index]);
    }
    return finish_sequence(walk->state, builder, result, out);
}

static int convert_list(walker *walk, PyObject *list, const core_step *up, xi_value *out)
{
    Py_ssize_t len = PyList_Size(list);
    xi_sequence_builder *builder;
    if (give(walk->state, xi_sequence_new(XI_KIND_LIST, (size_t)len, &builder)) < 0) {
        return -1;
    }
    xi_value *slots = xi_sequence_slots(builder);
    core_step step = {.up = up, .container = list, .kind = CORE_STEP_ITEM, .held = 1};
    int result = 0;
    for (; result == 0 && step.index < len; step.index++) {
        /* Code that runs on the way (the parts of a record, other threads without a GIL) may change the list. */
        PyObject *item = core_list_item(list, step.index);
        if (item == NULL) {
            result = changed(walk, list);
        } else {
            result = convert(walk, item, &step, &slots[step.index]);
            Py_DECREF(item);
        }
    }
    if (result == 0 && PyList_Size(list) != len) {
        result = changed(walk, list);
    }
    return finish_sequence(walk->state, builder, result, out);
}

static int convert_entry(walker *walk, core_step *step, PyObject *key, PyObject *value,
                         xi_map_builder *builder)
{
    xi_value key_value = {{0}}, entry_value = {{0}};
    step->kind = CORE_STEP_KEY;
    if (convert(walk, key, step, &key_value) < 0) {
        return -1;
    }
    step->kind = CORE_STEP_VALUE;
    step->key = key;
    int result = convert(walk, value, step, &entry_value);
    if (result == 0) {
        xi_status status = xi_map_insert(builder, &key_value, &entry_value);
        if (status == XI_ERR_UNHASHABLE) {
            step->kind = CORE_STEP_KEY;
            result = core_path_refuse_key(walk->state, walk->verb, step, key);
        } else {
            result = give(walk->state, status);
        }
    }
    if (result < 0) {
        xi_value_release(&key_value);
        xi_value_release(&entry_value);
    }
    return result;
}

static int convert_dict(walker *walk, PyObject *original, const core_step *up, xi_value *out)
{
    PyObject *dict = core_dict_to_walk(original);
    if (dict == NULL) {
        return -1;
    }
    Py_ssize_t len = PyDict_Size(dict), position = 0;
    xi_map_builder *builder;
    if (give(walk->state, xi_map_new((size_t)len, &builder)) < 0) {
        Py_DECREF(dict);
        return -1;
    }
    core_step step = {.up = up, .container = original, .held = 1};
    PyObject *key, *value;
    int result = 0;
    while (result == 0 && PyDict_Next(dict, &position, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        result = convert_entry(walk, &step, key, value, builder);
        Py_DECREF(key);
        Py_DECREF(value);
        if (result == 0 && PyDict_Size(original) != len) {
            result = changed(walk, original);
        }
        step.index++;
    }
    if (result == 0) {
        result = give(walk->state, xi_map_finish(builder, out));
    }
    if (result < 0) {
        xi_map_release(builder);
    }
    Py_DECREF(dict);
    return result;
}

static int convert_record(walker *walk, PyObject *object, const core_step *up, xi_value *out)
{
    PyObject *name, *parts;
    int known = core_record_parts(walk->state, object, &name, &parts);
    if (known <= 0) {
        return known < 0 ? -1 : core_path_refuse(walk->state, walk->verb, up, object);
    }
    Py_ssize_t len = PyTuple_GET_SIZE(parts);
    xi_sequence_builder *builder;
    int result = give(walk->state, xi_sequence_new(XI_KIND_RECORD, (size_t)len + 1, &builder));
    if (result == 0) {
        xi_value *slots = xi_sequence_slots(builder);
        core_step step = {.up = up, .container = object, .kind = CORE_STEP_PART};
        result = convert_text(walk->state, name, &slots[0]);
        for (; result == 0 && step.index < len; step.index++) {
            result = convert(walk, PyTuple_GET_ITEM(parts, step.index), &step, &slots[step.index + 1]);
        }
        result = finish_sequence(walk->state, builder, result, out);
    }
    Py_DECREF(name);
    Py_DECREF(parts);
    return result;
}

static int convert_parts(walker *walk, PyObject *object, const core_step *here, xi_value *out)
{
    if (Py_EnterRecursiveCall(" while converting an object")) {
        return -1;
    }
    PyTypeObject *type = Py_TYPE(object);
    int result = type == &PyTuple_Type  ? convert_tuple(walk, object, here, out)
                 : type == &PyList_Type ? convert_list(walk, object, here, out)
                 : type == &PyDict_Type ? convert_dict(walk, object, here, out)
                                        : convert_record(walk, object, here, out);
    Py_LeaveRecursiveCall();
    return result;
}

/* What may be met again, once: later meetings get the same value. */
static int convert_once(walker *walk, PyObject *object, const core_step *here, xi_value *out)
{
    core_memo_entry *entry = core_memo_add(&walk->memo, object);
    if (entry == NULL) {
        return -1;
    }
    if (entry->object != NULL) {
        if (xi_value_kind(&entry->value) == XI_KIND_MOVED) {
            return core_path_refuse_cycle(walk->state, walk->verb, here, object);
        }
        *out = xi_value_clone(&entry->value);
        return 0;
    }
    entry->object = Py_NewRef(object); /* so that no other object can appear at this address */
    int result;
    if (PyUnicode_CheckExact(object)) {
        result = convert_text(walk->state, object, out);
    } else if (PyBytes_CheckExact(object)) {
        result = convert_bytes(walk->state, object, out);
    } else {
        result = convert_parts(walk, object, here, out);
    }
    if (result == 0) {
        /* The table may have grown meanwhile; the entry is there. */
        core_memo_add(&walk->memo, object)->value = xi_value_clone(out);
    }
    return result;
}

/* An object inside a container. */
static int convert(walker *walk, PyObject *object, const core_step *here, xi_value *out)
{
    if ((PyUnicode_CheckExact(object) && PyUnicode_GET_LENGTH(object) > INLINE_SIZE) ||
        (PyBytes_CheckExact(object) && PyBytes_GET_SIZE(object) > INLINE_SIZE)) {
        if (core_may_be_shared(object, here->held)) {
            return convert_once(walk, object, here, out);
        }
    }
    int done = convert_scalar(walk->state, object, out);
    if (done == 0) {
        done = convert_own(walk->state, object, out);
    }
    if (done != 0) {
        return done < 0 ? -1 : 0;
    }
    if (object == walk->root) {
        return core_path_refuse_cycle(walk->state, walk->verb, here, object);
    }
    return core_may_be_shared(object, here->held) ? convert_once(walk, object, here, out)
                                                  : convert_parts(walk, object, here, out);
}

int core_value_from_object(core_state *state, PyObject *object, int freeze, xi_value *out)
{
    xi_value value = {{0}};
    int done = convert_scalar(state, object, &value);
    if (done == 0) {
        done = convert_own(state, object, &value);
    }
    if (done == 0) {
        walker walk = {.state = state, .root = object, .verb = freeze ? "freeze" : "send"};
        core_memo_init(&walk.memo);
        done = convert_parts(&walk, object, NULL, &value) < 0 ? -1 : 1;
        core_memo_clear(&walk.memo);
        /* Records are never shown as they stand. */
        if (done > 0 && freeze && xi_value_kind(&value) != XI_KIND_RECORD) {
            (void)xi_value_mark_frozen(&value);
        }
    }
    if (done < 0) {
        return -1;
    }
    *out = value;
    return 0;
}

/* ---- Keys to look up ---- */

/* Whether an object of a subclass is equal to, and hashes as, the plain object of the builtin. */
static int equals_as(PyObject *object, PyTypeObject *builtin)
{
    PyTypeObject *type = Py_TYPE(object);
    return type->tp_hash == builtin->tp_hash && type->tp_richcompare == builtin->tp_richcompare;
}

static int key_without_parts(core_state *state, PyObject *object, xi_value *out)
{
    int done = convert_scalar(state, object, out);
    if (done != 0) {
        return done;
    }
    if (PyUnicode_Check(object) && equals_as(object, &PyUnicode_Type)) {
        return convert_text(state, object, out) < 0 ? -1 : 1;
    }
    if (PyLong_Check(object) && equals_as(object, &PyLong_Type)) {
        return core_value_from_int(state, object, out) < 0 ? -1 : 1;
    }
    if (PyFloat_Check(object) && equals_as(object, &PyFloat_Type)) {
        *out = xi_value_float(PyFloat_AS_DOUBLE(object));
        return 1;
    }
    if (PyBytes_Check(object) && equals_as(object, &PyBytes_Type)) {
        return convert_bytes(state, object, out) < 0 ? -1 : 1;
    }
    return 0;
}

int core_key_from_object(core_state *state, PyObject *object, xi_value *out)
{
    int done = key_without_parts(state, object, out);
    if (done != 0) {
        return done;
    }
    if (Py_IS_TYPE(object, state->frozen_sequence_type) && PyObject_Hash(object) != -1) {
        *out = xi_value_clone(&((core_view *)object)->value);
        return 1;
    }
    if (PyErr_Occurred()) {
        return -1;
    }
    if (!PyTuple_Check(object) || !equals_as(object, &PyTuple_Type)) {
        return PyObject_Hash(object) == -1 ? -1 : 0;
    }
    if (Py_EnterRecursiveCall(" while looking up a key")) {
        return -1;
    }
    Py_ssize_t len = PyTuple_GET_SIZE(object);
    xi_sequence_builder *builder;
    done = give(state, xi_sequence_new(XI_KIND_TUPLE, (size_t)len, &builder)) < 0 ? -1 : 1;
    if (done > 0) {
        xi_value *slots = xi_sequence_slots(builder);
        for (Py_ssize_t i = 0; done > 0 && i < len; i++) {
            done = core_key_from_object(state, PyTuple_GET_ITEM(object, i), &slots[i]);
        }
        if (done > 0 && give(state, xi_sequence_finish(builder, out)) < 0) {
            done = -1;
        }
        if (done <= 0) {
            xi_sequence_release(builder);
        }
        if (done == 0 && PyObject_Hash(object) == -1) {
            done = -1;
        }
    }
    Py_LeaveRecursiveCall();
    return done;
}
