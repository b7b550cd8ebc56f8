/* frozen_sequence.c: the type FrozenSequence, a list or tuple that is read in place. */
#include "compat.h"

static core_state *state_of(PyObject *self)
{
    return core_state_of_type(Py_TYPE(self));
}

static int is_tuple(const core_view *view)
{
    return xi_value_kind(&view->value) == XI_KIND_TUPLE;
}

/* ---- Reading ---- */

static Py_ssize_t sequence_length(PyObject *self)
{
    return ((core_view *)self)->length;
}

static PyObject *sequence_item(PyObject *self, Py_ssize_t index)
{
    core_view *view = (core_view *)self;
    if (index < 0 || index >= view->length) {
        PyErr_SetString(PyExc_IndexError, "index out of range");
        return NULL;
    }
    return core_view_part(state_of(self), &view->items[index]);
}

/* A new sequence of the same kind, whose items are those of the old one. */
static PyObject *sequence_slice(PyObject *self, PyObject *slice)
{
    core_state *state = state_of(self);
    core_view *view = (core_view *)self;
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(slice, &start, &stop, &step) < 0) {
        return NULL;
    }
    Py_ssize_t length = PySlice_AdjustIndices(view->length, &start, &stop, step);
    if (length == view->length && step == 1) {
        return Py_NewRef(self);
    }
    xi_sequence_builder *builder;
    xi_status status = xi_sequence_new(xi_value_kind(&view->value), (size_t)length, &builder);
    if (status != XI_OK) {
        return core_raise(state, status);
    }
    xi_value *slots = xi_sequence_slots(builder);
    for (Py_ssize_t i = 0; i < length; i++) {
        slots[i] = xi_value_clone(&view->items[start + i * step]);
    }
    xi_value value = {{0}};
    status = xi_sequence_finish(builder, &value);
    if (status != XI_OK) {
        xi_sequence_release(builder);
        return core_raise(state, status);
    }
    PyObject *result = core_view_new(state, &value);
    xi_value_release(&value);
    return result;
}

static PyObject *sequence_subscript(PyObject *self, PyObject *key)
{
    if (PySlice_Check(key)) {
        return sequence_slice(self, key);
    }
    if (!PyIndex_Check(key)) {
        return PyErr_Format(PyExc_TypeError, "indices must be integers or slices, not %.200s",
                            Py_TYPE(key)->tp_name);
    }
    Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (index == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return sequence_item(self, index < 0 ? index + sequence_length(self) : index);
}

static PyObject *sequence_iter(PyObject *self)
{
    return core_iterator_new(state_of(self), (core_view *)self, CORE_ITER_ITEMS, 0);
}

static PyObject *sequence_reversed(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return core_iterator_new(state_of(self), (core_view *)self, CORE_ITER_ITEMS, 1);
}

/* ---- Searching ---- */

/* What to look for.  Numbers, text and the like are compared as values, without making an object of each item. */
typedef struct needle {
    PyObject *object;
    xi_value value; /* moved: compare as objects */
} needle;

static int needle_init(core_state *state, PyObject *object, needle *out)
{
    out->object = object;
    out->value = (xi_value){{0}};
    if (object == Py_None || PyLong_CheckExact(object) || PyUnicode_CheckExact(object) ||
        PyBool_Check(object) || PyFloat_CheckExact(object) || PyBytes_CheckExact(object)) {
        return core_value_from_object(state, object, 0, &out->value);
    }
    return 0;
}

/* 1, 0 or -1: whether the item is what is looked for. */
static int needle_is(core_state *state, const needle *needle, const xi_value *item)
{
    int equal;
    if (xi_value_kind(&needle->value) != XI_KIND_MOVED) {
        xi_status status = xi_value_equal(item, &needle->value, &equal);
        if (status != XI_OK) {
            (void)core_raise(state, status);
            return -1;
        }
        return equal;
    }
    PyObject *object = core_view_part(state, item);
    equal = object == NULL ? -1 : PyObject_RichCompareBool(object, needle->object, Py_EQ);
    Py_XDECREF(object);
    return equal;
}

/* The place of the first such item in [start, stop); -1: none; -2: error. */
static Py_ssize_t find(PyObject *self, PyObject *object, Py_ssize_t start, Py_ssize_t stop)
{
    core_state *state = state_of(self);
    core_view *view = (core_view *)self;
    needle needle;
    if (needle_init(state, object, &needle) < 0) {
        return -2;
    }
    Py_ssize_t result = -1;
    for (Py_ssize_t i = start; result == -1 && i < stop; i++) {
        int equal = needle_is(state, &needle, &view->items[i]);
        result = equal < 0 ? -2 : equal ? i : -1;
    }
    xi_value_release(&needle.value);
    return result;
}

static int sequence_contains(PyObject *self, PyObject *object)
{
    Py_ssize_t index = find(self, object, 0, sequence_length(self));
    return index == -2 ? -1 : index >= 0;
}

/* An optional bound of index(): from the end when negative, cut to [0, length]. */
static int bound(PyObject *number, Py_ssize_t length, Py_ssize_t *out)
{
    if (!PyIndex_Check(number)) {
        PyErr_SetString(PyExc_TypeError, "bounds must be integers");
        return -1;
    }
    Py_ssize_t index = PyNumber_AsSsize_t(number, NULL);
    if (index == -1 && PyErr_Occurred()) {
        return -1;
    }
    index = index < 0 ? index + length : index;
    *out = index < 0 ? 0 : index > length ? length : index;
    return 0;
}

static PyObject *sequence_index(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    Py_ssize_t length = sequence_length(self), start = 0, stop = length;
    if (nargs < 1 || nargs > 3) {
        return PyErr_Format(PyExc_TypeError, "index expected 1 to 3 arguments, got %zd", nargs);
    }
    if ((nargs > 1 && bound(args[1], length, &start) < 0) ||
        (nargs > 2 && bound(args[2], length, &stop) < 0)) {
        return NULL;
    }
    Py_ssize_t index = find(self, args[0], start, stop);
    if (index == -1) {
        return PyErr_Format(PyExc_ValueError, "%R is not in the sequence", args[0]);
    }
    return index < 0 ? NULL : PyLong_FromSsize_t(index);
}

static PyObject *sequence_count(PyObject *self, PyObject *object)
{
    core_state *state = state_of(self);
    core_view *view = (core_view *)self;
    needle needle;
    if (needle_init(state, object, &needle) < 0) {
        return NULL;
    }
    Py_ssize_t count = 0;
    int equal = 0;
    for (Py_ssize_t i = 0; equal >= 0 && i < view->length; i++) {
        equal = needle_is(state, &needle, &view->items[i]);
        count += equal > 0;
    }
    xi_value_release(&needle.value);
    return equal < 0 ? NULL : PyLong_FromSsize_t(count);
}

/* ---- Comparing ---- */

/* A tuple of the items, containers as views. */
static PyObject *items_tuple(core_state *state, core_view *view)
{
    PyObject *tuple = PyTuple_New(view->length);
    for (Py_ssize_t i = 0; tuple != NULL && i < view->length; i++) {
        PyObject *item = core_view_part(state, &view->items[i]);
        if (item == NULL) {
            Py_CLEAR(tuple);
        } else {
            PyTuple_SET_ITEM(tuple, i, item);
        }
    }
    return tuple;
}

/* As of the equal tuple; a frozen list is as unhashable as a list, which it may be equal to. */
static Py_hash_t sequence_hash(PyObject *self)
{
    core_view *view = (core_view *)self;
    if (!is_tuple(view)) {
        PyErr_SetString(PyExc_TypeError, "unhashable: a frozen list");
        return -1;
    }
    if (view->hash == -1) {
        PyObject *tuple = items_tuple(state_of(self), view);
        if (tuple == NULL) {
            return -1;
        }
        view->hash = PyObject_Hash(tuple);
        Py_DECREF(tuple);
    }
    return view->hash;
}

/* The items of another sequence of the same kind as a tuple; Py_NotImplemented when it is none. */
static PyObject *comparable(core_state *state, const core_view *view, PyObject *other)
{
    if (Py_IS_TYPE(other, state->frozen_sequence_type)) {
        core_view *other_view = (core_view *)other;
        return is_tuple(view) == is_tuple(other_view) ? items_tuple(state, other_view)
                                                      : Py_NewRef(Py_NotImplemented);
    }
    if (is_tuple(view) ? PyTuple_Check(other) : PyList_Check(other)) {
        return is_tuple(view) ? PyTuple_GetSlice(other, 0, PyTuple_GET_SIZE(other)) : PyList_AsTuple(other);
    }
    return Py_NewRef(Py_NotImplemented);
}

static PyObject *sequence_richcompare(PyObject *self, PyObject *other, int operation)
{
    core_state *state = state_of(self);
    core_view *view = (core_view *)self;
    if ((operation == Py_EQ || operation == Py_NE) && Py_IS_TYPE(other, state->frozen_sequence_type)) {
        int equal;
        xi_status status = xi_value_equal(&view->value, &((core_view *)other)->value, &equal);
        return status == XI_OK ? PyBool_FromLong(equal == (operation == Py_EQ)) : core_raise(state, status);
    }
    PyObject *right = comparable(state, view, other);
    if (right == NULL || right == Py_NotImplemented) {
        return right;
    }
    PyObject *result = NULL;
    if ((operation == Py_EQ || operation == Py_NE) && PyTuple_GET_SIZE(right) != view->length) {
        result = PyBool_FromLong(operation == Py_NE);
    } else {
        PyObject *left = items_tuple(state, view);
        result = left == NULL ? NULL : PyObject_RichCompare(left, right, operation);
        Py_XDECREF(left);
    }
    Py_DECREF(right);
    return result;
}

/* ---- The type ---- */

static PyMethodDef sequence_methods[] = {
    {"index", (PyCFunction)(void (*)(void))sequence_index, METH_FASTCALL,
     PyDoc_STR("index($self, value, start=0, stop=9223372036854775807, /)\n--\n\n"
               "The place of the first item that is equal to the value; ValueError when there is none.")},
    {"count", sequence_count, METH_O,
     PyDoc_STR("count($self, value, /)\n--\n\nHow many items are equal to the value.")},
    {"__reversed__", sequence_reversed, METH_NOARGS, NULL},
    CORE_VIEW_METHODS,
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(
    sequence_doc,
    "A list or tuple that was frozen: a Sequence that nobody can change, read in place, and sent in no "
    "time.\n\n"
    "What is inside is converted when it is touched; dicts, lists and tuples inside are views, too.\n"
    "Compares as the list or tuple of the same content; a frozen tuple hashes as that tuple.");

static PyType_Slot sequence_slots[] = {
    {Py_tp_doc, (void *)sequence_doc},
    {Py_tp_dealloc, core_view_dealloc},
    {Py_tp_repr, core_view_repr},
    {Py_tp_hash, sequence_hash},
    {Py_tp_richcompare, sequence_richcompare},
    {Py_tp_iter, sequence_iter},
    {Py_tp_methods, sequence_methods},
    {Py_mp_length, sequence_length},
    {Py_mp_subscript, sequence_subscript},
    {Py_sq_length, sequence_length},
    {Py_sq_item, sequence_item},
    {Py_sq_contains, sequence_contains},
    {0, NULL},
};

PyType_Spec core_frozen_sequence_spec = {
    .name = "crossinterp.FrozenSequence",
    .basicsize = sizeof(core_view),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_SEQUENCE,
    .slots = sequence_slots,
};
