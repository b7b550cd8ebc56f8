/* record.c: classes written in Python whose objects are sent by their parts. */
#include "compat.h"

PyDoc_STRVAR(
    register_record_doc,
    "_register_record($module, type, name, parts, rebuild, /)\n--\n\n"
    "Objects of exactly this type are sent as a record: its name and the items of the tuple parts(object).\n"
    "What is received is rebuild(*parts).");

static PyObject *register_record(PyObject *module, PyObject *args)
{
    core_state *state = core_state_of_module(module);
    PyObject *type, *name, *parts, *rebuild;
    if (!PyArg_ParseTuple(args, "O!UOO:_register_record", &PyType_Type, &type, &name, &parts, &rebuild)) {
        return NULL;
    }
    PyObject *entry = PyTuple_Pack(2, name, parts);
    if (entry == NULL) {
        return NULL;
    }
    int result = PyDict_SetItem(state->record_types, type, entry);
    Py_DECREF(entry);
    if (result < 0 || PyDict_SetItem(state->record_names, name, rebuild) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"_register_record", register_record, METH_VARARGS, register_record_doc},
    {NULL, NULL, 0, NULL},
};

int core_record_exec(PyObject *module, core_state *state)
{
    if ((state->record_types = PyDict_New()) == NULL || (state->record_names = PyDict_New()) == NULL) {
        return -1;
    }
    return PyModule_AddFunctions(module, methods);
}

int core_record_parts(core_state *state, PyObject *object, PyObject **name, PyObject **parts)
{
    PyObject *entry;
    int known = core_dict_get(state->record_types, (PyObject *)Py_TYPE(object), &entry);
    if (known <= 0) {
        return known;
    }
    *parts = PyObject_CallOneArg(PyTuple_GET_ITEM(entry, 1), object);
    if (*parts != NULL && !PyTuple_CheckExact(*parts)) {
        PyErr_Format(PyExc_TypeError, "the parts of a '%U' must be a tuple", PyTuple_GET_ITEM(entry, 0));
        Py_CLEAR(*parts);
    }
    if (*parts != NULL) {
        *name = Py_NewRef(PyTuple_GET_ITEM(entry, 0));
    }
    Py_DECREF(entry);
    return *parts == NULL ? -1 : 1;
}

PyObject *core_record_rebuild(core_state *state, const xi_value *record)
{
    const xi_value *items;
    size_t len;
    xi_status status = xi_value_items(record, &items, &len);
    if (status != XI_OK) {
        return core_raise(state, status);
    }
    PyObject *result = NULL, *parts = NULL;
    PyObject *name = core_object_from_value(state, &items[0]);
    if (name == NULL) {
        return NULL;
    }
    PyObject *rebuild;
    int known = core_dict_get(state->record_names, name, &rebuild);
    if (known <= 0) {
        if (known == 0) {
            PyErr_Format(PyExc_TypeError, "a record '%U' was received, which nothing here can rebuild", name);
        }
        goto done;
    }
    parts = PyTuple_New((Py_ssize_t)len - 1);
    for (size_t i = 1; parts != NULL && i < len; i++) {
        PyObject *part = core_object_from_value(state, &items[i]);
        if (part == NULL) {
            Py_CLEAR(parts);
        } else {
            PyTuple_SET_ITEM(parts, (Py_ssize_t)i - 1, part);
        }
    }
    if (parts != NULL) {
        result = PyObject_CallObject(rebuild, parts);
    }
    Py_XDECREF(parts);
    Py_DECREF(rebuild);
done:
    Py_DECREF(name);
    return result;
}
