/* path.c: writes the way from the root of an object to a part of it, as one would write it in Python. */
#include "path.h"

enum { LONGEST_KEY = 60, LONGEST_PATH = 300 };

/* [key] with the key's repr, cut when it is long. */
static PyObject *key_text(PyObject *key)
{
    PyObject *text = PyObject_Repr(key);
    if (text == NULL) {
        /* An int of more digits than the interpreter is willing to print. */
        if (!PyErr_ExceptionMatches(PyExc_ValueError)) {
            return NULL;
        }
        PyErr_Clear();
        return PyUnicode_FromFormat("[<%.100s>]", Py_TYPE(key)->tp_name);
    }
    PyObject *result;
    if (PyUnicode_GET_LENGTH(text) > LONGEST_KEY) {
        PyObject *start = PyUnicode_Substring(text, 0, LONGEST_KEY);
        result = start == NULL ? NULL : PyUnicode_FromFormat("[%U...]", start);
        Py_XDECREF(start);
    } else {
        result = PyUnicode_FromFormat("[%U]", text);
    }
    Py_DECREF(text);
    return result;
}

static PyObject *step_text(const core_step *step)
{
    switch (step->kind) {
    case CORE_STEP_KEY:
        return PyUnicode_FromFormat(".keys()[%zd]", step->index);
    case CORE_STEP_VALUE:
        return key_text(step->key);
    case CORE_STEP_PART:
        return PyUnicode_FromFormat(".parts[%zd]", step->index);
    default:
        return PyUnicode_FromFormat("[%zd]", step->index);
    }
}

/* The whole path as a str; empty for the root (here is NULL). */
static PyObject *path_text(const core_step *here)
{
    PyObject *result = NULL;
    PyObject *nothing = NULL;
    PyObject *parts = PyList_New(0);
    if (parts == NULL || (nothing = PyUnicode_FromStringAndSize(NULL, 0)) == NULL) {
        goto done;
    }
    for (const core_step *step = here; step != NULL; step = step->up) {
        PyObject *part = step_text(step);
        if (part == NULL || PyList_Append(parts, part) < 0) {
            Py_XDECREF(part);
            goto done;
        }
        Py_DECREF(part);
    }
    if (PyList_Reverse(parts) == 0) {
        result = PyUnicode_Join(nothing, parts);
    }
done:
    Py_XDECREF(parts);
    Py_XDECREF(nothing);
    return result;
}

/* " at <path>" for a message, without the middle of a long one; empty for the root. */
static PyObject *place_text(PyObject *path)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(path);
    if (length == 0) {
        return Py_NewRef(path);
    }
    if (length <= LONGEST_PATH) {
        return PyUnicode_FromFormat(" at %U", path);
    }
    PyObject *start = PyUnicode_Substring(path, 0, LONGEST_PATH / 2);
    PyObject *end = start == NULL ? NULL : PyUnicode_Substring(path, length - LONGEST_PATH / 2, length);
    PyObject *result = NULL;
    if (end != NULL) {
        result = PyUnicode_FromFormat(" at %U...%U", start, end);
    }
    Py_XDECREF(start);
    Py_XDECREF(end);
    return result;
}

/* Takes message (which may be NULL: the error is set already). */
static int raise_with_path(core_state *state, PyObject *message, PyObject *path)
{
    if (message != NULL) {
        PyObject *exception = PyObject_CallFunctionObjArgs(state->not_shareable_error, message, path, NULL);
        if (exception != NULL) {
            PyErr_SetObject(state->not_shareable_error, exception);
            Py_DECREF(exception);
        }
        Py_DECREF(message);
    }
    return -1;
}

/* The builtin whose subclass the object is, when plain objects of it could be sent. */
static const char *builtin_of(PyObject *object)
{
    return PyLong_Check(object)      ? "int"
           : PyFloat_Check(object)   ? "float"
           : PyUnicode_Check(object) ? "str"
           : PyBytes_Check(object)   ? "bytes"
           : PyTuple_Check(object)   ? "tuple"
           : PyList_Check(object)    ? "list"
           : PyDict_Check(object)    ? "dict"
                                     : NULL;
}

int core_path_refuse(core_state *state, const char *verb, const core_step *here, PyObject *object)
{
    PyObject *message = NULL;
    PyObject *path = path_text(here);
    PyObject *place = path == NULL ? NULL : place_text(path);
    if (place != NULL) {
        const char *builtin = builtin_of(object);
        if (builtin != NULL) {
            message = PyUnicode_FromFormat(
                "cannot %s '%.200s' object%U: a subclass of %s would lose its type; convert it, as with %s()",
                verb, Py_TYPE(object)->tp_name, place, builtin, builtin);
        } else {
            message = PyUnicode_FromFormat(
                "cannot %s '%.200s' object%U: it is not None, Ellipsis, a bool, int, "
                "float, str, bytes, tuple, list, dict, frozen view, channel end or queue",
                verb, Py_TYPE(object)->tp_name, place);
        }
        (void)raise_with_path(state, message, path);
    }
    Py_XDECREF(place);
    Py_XDECREF(path);
    return -1;
}

int core_path_refuse_key(core_state *state, const char *verb, const core_step *here, PyObject *object)
{
    PyObject *path = path_text(here);
    PyObject *place = path == NULL ? NULL : place_text(path);
    if (place != NULL) {
        PyObject *message = PyUnicode_FromFormat("cannot %s '%.200s' object%U: a key is None, Ellipsis, a "
                                                 "bool, int, float, str, bytes or a tuple of these",
                                                 verb, Py_TYPE(object)->tp_name, place);
        (void)raise_with_path(state, message, path);
    }
    Py_XDECREF(place);
    Py_XDECREF(path);
    return -1;
}

int core_path_refuse_cycle(core_state *state, const char *verb, const core_step *here, PyObject *object)
{
    /* The way to the container itself is that of the step above the one that leaves it. */
    const core_step *closes = here;
    while (closes != NULL && closes->container != object) {
        closes = closes->up;
    }
    PyObject *path = path_text(here);
    PyObject *target = path == NULL ? NULL : path_text(closes == NULL ? NULL : closes->up);
    if (target != NULL) {
        PyObject *message;
        if (PyUnicode_GET_LENGTH(target) == 0) {
            message = PyUnicode_FromFormat("cannot %s a cycle: %U is the object itself", verb, path);
        } else {
            message = PyUnicode_FromFormat("cannot %s a cycle: %U is the object at %U", verb, path, target);
        }
        (void)raise_with_path(state, message, path);
    }
    Py_XDECREF(target);
    Py_XDECREF(path);
    return -1;
}
