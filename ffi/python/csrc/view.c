/* view.c: freeze, what the two kinds of view have in common, and the iterator over both. */
#include "core.h"

/* ---- Making views ---- */

PyObject *core_view_new(core_state *state, const xi_value *value)
{
    int is_map = xi_value_kind(value) == XI_KIND_MAP;
    core_view *view = PyObject_New(core_view, is_map ? state->frozen_map_type : state->frozen_sequence_type);
    if (view == NULL) {
        return NULL;
    }
    view->value = xi_value_clone(value);
    view->items = NULL;
    view->hash = -1;
    size_t length = 0;
    xi_status status = xi_value_mark_frozen(&view->value);
    if (status == XI_OK) {
        status = is_map ? xi_value_map_len(&view->value, &length)
                        : xi_value_items(&view->value, &view->items, &length);
    }
    view->length = (Py_ssize_t)length;
    if (status != XI_OK) {
        Py_DECREF(view);
        return core_raise(state, status);
    }
    return (PyObject *)view;
}

PyDoc_STRVAR(freeze_doc,
             "freeze($module, object, /)\n--\n\n"
             "A dict, list or tuple, with all that is in it, as one unchangeable value outside every\n"
             "interpreter.  The view that is returned can be sent in no time, whatever its size, and is\n"
             "read in place by everyone.  What cannot change anyway is returned as it is.");

static PyObject *freeze(PyObject *module, PyObject *object)
{
    core_state *state = core_state_of_module(module);
    if (core_view_check(state, object)) {
        return Py_NewRef(object);
    }
    xi_value value = {{0}};
    if (core_value_from_object(state, object, 1, &value) < 0) {
        return NULL;
    }
    /* Numbers, text, ends and queues are the same frozen or not. */
    PyObject *result = xi_value_is_frozen(&value) ? core_view_new(state, &value) : Py_NewRef(object);
    xi_value_release(&value);
    return result;
}

/* ---- Methods of both types ---- */

void core_view_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    xi_value_release(&((core_view *)self)->value);
    PyObject_Free(self);
    Py_DECREF(type);
}

PyObject *core_view_thaw(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return core_object_thawed(core_state_of_type(Py_TYPE(self)), &((core_view *)self)->value);
}

PyObject *core_view_reduce(PyObject *self, PyObject *Py_UNUSED(unused))
{
    core_state *state = core_state_of_type(Py_TYPE(self));
    PyObject *content = core_object_thawed(state, &((core_view *)self)->value);
    return content == NULL ? NULL : Py_BuildValue("O(N)", state->freeze, content);
}

PyObject *core_view_copy(PyObject *self, PyObject *Py_UNUSED(unused))
{
    return Py_NewRef(self);
}

PyObject *core_view_repr(PyObject *self)
{
    PyObject *content = core_view_thaw(self, NULL);
    if (content == NULL) {
        return NULL;
    }
    PyObject *text = PyUnicode_FromFormat("frozen(%R)", content);
    Py_DECREF(content);
    return text;
}

/* ---- The iterator ---- */

typedef struct iterator {
    PyObject_HEAD core_view *view; /* strong; NULL when there is nothing more */
    Py_ssize_t index;
    int gives;
    int reversed;
} iterator;

PyObject *core_iterator_new(core_state *state, core_view *view, int gives, int reversed)
{
    iterator *self = PyObject_New(iterator, state->frozen_iterator_type);
    if (self != NULL) {
        self->view = (core_view *)Py_NewRef((PyObject *)view);
        self->index = 0;
        self->gives = gives;
        self->reversed = reversed;
    }
    return (PyObject *)self;
}

static void iterator_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((iterator *)self)->view);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *map_entry(core_state *state, core_view *view, Py_ssize_t index, int gives)
{
    const xi_value *key, *value;
    xi_status status = xi_value_map_entry(&view->value, (size_t)index, &key, &value);
    if (status != XI_OK) {
        return core_raise(state, status);
    }
    if (gives == CORE_ITER_KEYS) {
        return core_object_thawed(state, key);
    }
    PyObject *object = core_view_part(state, value);
    if (gives == CORE_ITER_VALUES || object == NULL) {
        return object;
    }
    PyObject *key_object = core_object_thawed(state, key);
    PyObject *entry = key_object == NULL ? NULL : PyTuple_Pack(2, key_object, object);
    Py_XDECREF(key_object);
    Py_DECREF(object);
    return entry;
}

static PyObject *iterator_next(PyObject *object)
{
    iterator *self = (iterator *)object;
    core_view *view = self->view;
    /* Read once: other threads may use the same iterator where there is no GIL. */
    Py_ssize_t index = self->index;
    if (index >= view->length) {
        return NULL;
    }
    self->index = index + 1;
    if (self->reversed) {
        index = view->length - 1 - index;
    }
    core_state *state = core_state_of_type(Py_TYPE(object));
    return self->gives == CORE_ITER_ITEMS ? core_view_part(state, &view->items[index])
                                          : map_entry(state, view, index, self->gives);
}

static PyObject *iterator_length_hint(PyObject *object, PyObject *Py_UNUSED(unused))
{
    iterator *self = (iterator *)object;
    return PyLong_FromSsize_t(self->view->length - self->index);
}

static PyMethodDef iterator_methods[] = {
    {"__length_hint__", iterator_length_hint, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot iterator_slots[] = {
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {Py_tp_methods, iterator_methods},
    {0, NULL},
};

static PyType_Spec iterator_spec = {
    .name = "crossinterp._core.FrozenIterator",
    .basicsize = sizeof(iterator),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = iterator_slots,
};

/* ---- Setting up ---- */

static PyMethodDef methods[] = {
    {"freeze", freeze, METH_O, freeze_doc},
    {NULL, NULL, 0, NULL},
};

/* The classes of crossinterp._views, and telling the abstract base classes of ours. */
static int import_views(core_state *state)
{
    PyObject *views = PyImport_ImportModule("crossinterp._views");
    if (views == NULL) {
        return -1;
    }
    PyObject *registered = NULL;
    if ((state->keys_view = PyObject_GetAttrString(views, "FrozenKeys")) != NULL &&
        (state->values_view = PyObject_GetAttrString(views, "FrozenValues")) != NULL &&
        (state->items_view = PyObject_GetAttrString(views, "FrozenItems")) != NULL) {
        registered =
            PyObject_CallMethod(views, "register", "OO", state->frozen_map_type, state->frozen_sequence_type);
    }
    Py_XDECREF(registered);
    Py_DECREF(views);
    return registered == NULL ? -1 : 0;
}

int core_view_exec(PyObject *module, core_state *state)
{
    /* Nobody needs the iterator's type by name. */
    state->frozen_iterator_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &iterator_spec, NULL);
    if (state->frozen_iterator_type == NULL ||
        core_add_type(module, &core_frozen_map_spec, &state->frozen_map_type) < 0 ||
        core_add_type(module, &core_frozen_sequence_spec, &state->frozen_sequence_type) < 0 ||
        PyModule_AddFunctions(module, methods) < 0) {
        return -1;
    }
    state->freeze = PyObject_GetAttrString(module, "freeze");
    return state->freeze == NULL ? -1 : import_views(state);
}
