/* frozen_map.c: the type FrozenMap, a Mapping that is read in place. */
#include "compat.h"

static core_state *state_of(PyObject *self)
{
    return core_state_of_type(Py_TYPE(self));
}

/* The value of a key, in place.  1, 0 (no such key) or -1 (the key is not hashable, or no memory). */
static int lookup(PyObject *self, PyObject *key, const xi_value **found)
{
    const xi_value *map = &((core_view *)self)->value;
    xi_status status;
    if (PyUnicode_CheckExact(key)) {
        /* No value is made for the commonest of keys. */
        int form = PyUnicode_KIND(key) == PyUnicode_1BYTE_KIND
                       ? (PyUnicode_IS_ASCII(key) ? XI_TEXT_ASCII : XI_TEXT_LATIN1)
                   : PyUnicode_KIND(key) == PyUnicode_2BYTE_KIND ? XI_TEXT_UCS2
                                                                 : XI_TEXT_UCS4;
        status =
            xi_value_map_get_text(map, form, PyUnicode_DATA(key), (size_t)PyUnicode_GET_LENGTH(key), found);
    } else {
        xi_value value = {{0}};
        int possible = core_key_from_object(state_of(self), key, &value);
        if (possible <= 0) {
            return possible;
        }
        status = xi_value_map_get(map, &value, found);
        xi_value_release(&value);
    }
    if (status == XI_OK) {
        return 1;
    }
    if (status == XI_ERR_MISSING) {
        return 0;
    }
    (void)core_raise(state_of(self), status);
    return -1;
}

/* ---- Reading ---- */

static Py_ssize_t map_length(PyObject *self)
{
    return ((core_view *)self)->length;
}

static PyObject *map_subscript(PyObject *self, PyObject *key)
{
    const xi_value *found;
    int result = lookup(self, key, &found);
    if (result > 0) {
        return core_view_part(state_of(self), found);
    }
    if (result == 0) {
        /* By an instance: a key that is a tuple would become several arguments. */
        PyObject *error = PyObject_CallOneArg(PyExc_KeyError, key);
        if (error != NULL) {
            PyErr_SetObject(PyExc_KeyError, error);
            Py_DECREF(error);
        }
    }
    return NULL;
}

static int map_contains(PyObject *self, PyObject *key)
{
    const xi_value *found;
    return lookup(self, key, &found);
}

static PyObject *map_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs < 1 || nargs > 2) {
        return PyErr_Format(PyExc_TypeError, "get expected 1 or 2 arguments, got %zd", nargs);
    }
    const xi_value *found;
    int result = lookup(self, args[0], &found);
    if (result > 0) {
        return core_view_part(state_of(self), found);
    }
    return result < 0 ? NULL : Py_NewRef(nargs == 2 ? args[1] : Py_None);
}

static PyObject *map_iter(PyObject *self)
{
    return core_iterator_new(state_of(self), (core_view *)self, CORE_ITER_KEYS, 0);
}

static PyObject *map_reversed(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return core_iterator_new(state_of(self), (core_view *)self, CORE_ITER_KEYS, 1);
}

static PyObject *map_iter_values(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return core_iterator_new(state_of(self), (core_view *)self, CORE_ITER_VALUES, 0);
}

static PyObject *map_iter_items(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return core_iterator_new(state_of(self), (core_view *)self, CORE_ITER_ENTRIES, 0);
}

static PyObject *map_keys(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return PyObject_CallOneArg(state_of(self)->keys_view, self);
}

static PyObject *map_values(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return PyObject_CallOneArg(state_of(self)->values_view, self);
}

static PyObject *map_items(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return PyObject_CallOneArg(state_of(self)->items_view, self);
}

/* ---- Comparing ---- */

/* 1, 0 or -1: whether one entry of the map is in the dict. */
static int entry_in_dict(core_state *state, const xi_value *key, const xi_value *value, PyObject *dict)
{
    PyObject *other = NULL, *object = NULL;
    PyObject *key_object = core_object_thawed(state, key);
    int result = key_object == NULL ? -1 : core_dict_get(dict, key_object, &other);
    if (result > 0) {
        object = core_view_part(state, value);
        result = object == NULL ? -1 : PyObject_RichCompareBool(object, other, Py_EQ);
    }
    Py_XDECREF(key_object);
    Py_XDECREF(other);
    Py_XDECREF(object);
    return result;
}

static int equals_dict(PyObject *self, PyObject *dict)
{
    core_state *state = state_of(self);
    core_view *view = (core_view *)self;
    int result = PyDict_Size(dict) == view->length;
    for (Py_ssize_t i = 0; result > 0 && i < view->length; i++) {
        const xi_value *key, *value;
        xi_status status = xi_value_map_entry(&view->value, (size_t)i, &key, &value);
        if (status != XI_OK) {
            (void)core_raise(state, status);
            return -1;
        }
        result = entry_in_dict(state, key, value, dict);
    }
    return result;
}

static PyObject *map_richcompare(PyObject *self, PyObject *other, int operation)
{
    if (operation != Py_EQ && operation != Py_NE) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    core_state *state = state_of(self);
    int equal;
    if (Py_IS_TYPE(other, state->frozen_map_type)) {
        xi_status status = xi_value_equal(&((core_view *)self)->value, &((core_view *)other)->value, &equal);
        if (status != XI_OK) {
            return core_raise(state, status);
        }
    } else if (PyDict_Check(other)) {
        equal = equals_dict(self, other);
        if (equal < 0) {
            return NULL;
        }
    } else {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return PyBool_FromLong(equal == (operation == Py_EQ));
}

/* ---- The type ---- */

static PyMethodDef map_methods[] = {
    {"get", (PyCFunction)(void (*)(void))map_get, METH_FASTCALL,
     PyDoc_STR("get($self, key, default=None, /)\n--\n\nThe value of a key, or the default.")},
    {"keys", map_keys, METH_NOARGS,
     PyDoc_STR("keys($self, /)\n--\n\nA set-like view of the keys, in order.")},
    {"values", map_values, METH_NOARGS, PyDoc_STR("values($self, /)\n--\n\nA view of the values, in order.")},
    {"items", map_items, METH_NOARGS,
     PyDoc_STR("items($self, /)\n--\n\nA set-like view of (key, value), in order.")},
    {"_iter_values", map_iter_values, METH_NOARGS, NULL},
    {"_iter_items", map_iter_items, METH_NOARGS, NULL},
    {"__reversed__", map_reversed, METH_NOARGS, NULL},
    CORE_VIEW_METHODS,
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(
    map_doc,
    "A dict that was frozen: a Mapping that nobody can change, read in place, and sent in no time.\n\n"
    "Values are converted when they are touched; dicts, lists and tuples among them are views, too.\n"
    "Equal to a dict of the same content.  A key of a type that cannot be sent is never found.");

static PyType_Slot map_slots[] = {
    {Py_tp_doc, (void *)map_doc},
    {Py_tp_dealloc, core_view_dealloc},
    {Py_tp_repr, core_view_repr},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_richcompare, map_richcompare},
    {Py_tp_iter, map_iter},
    {Py_tp_methods, map_methods},
    {Py_mp_length, map_length},
    {Py_mp_subscript, map_subscript},
    {Py_sq_contains, map_contains},
    {0, NULL},
};

PyType_Spec core_frozen_map_spec = {
    .name = "crossinterp.FrozenMap",
    .basicsize = sizeof(core_view),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_MAPPING,
    .slots = map_slots,
};
