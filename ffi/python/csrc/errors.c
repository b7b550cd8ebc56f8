/* errors.c: what a status is as a Python exception. */
#include "core.h"

int core_errors_exec(PyObject *module, core_state *state)
{
    PyObject *errors = PyImport_ImportModule("crossinterp._errors");
    if (errors == NULL) {
        return -1;
    }
    const struct {
        const char *name;
        PyObject **slot;
    } classes[] = {
        {"ChannelError", &state->channel_error},
        {"ChannelClosed", &state->channel_closed},
        {"ChannelFull", &state->channel_full},
        {"ChannelEmpty", &state->channel_empty},
        {"InterpreterEnding", &state->interpreter_ending},
        {"ForkedError", &state->forked_error},
        {"NotShareableError", &state->not_shareable_error},
    };
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof(classes) / sizeof(classes[0]); i++) {
        *classes[i].slot = PyObject_GetAttrString(errors, classes[i].name);
        result = *classes[i].slot == NULL ? -1 : 0;
    }
    Py_DECREF(errors);
    return result;
}

/* The class of a status and what its exception says. */
static PyObject *class_of(core_state *state, xi_status status, const char **message)
{
    switch (status) {
    case XI_ERR_FULL:
        *message = "the channel is full";
        return state->channel_full;
    case XI_ERR_EMPTY:
        *message = "the channel is empty";
        return state->channel_empty;
    case XI_ERR_CLOSED:
        *message = "the channel is closed";
        return state->channel_closed;
    case XI_ERR_ENDED:
        *message = "the interpreter is ending: nobody may wait in it any more";
        return state->interpreter_ending;
    case XI_ERR_FORKED:
        *message = "made before os.fork(), and this is the child: make a new one";
        return state->forked_error;
    case XI_ERR_TIMEOUT:
        *message = "timed out";
        return PyExc_TimeoutError;
    case XI_ERR_INTERRUPTED:
        *message = "interrupted by a signal";
        return PyExc_InterruptedError;
    case XI_ERR_RANGE:
        *message = "a number, size or capacity beyond what can be had";
        return PyExc_OverflowError;
    case XI_ERR_KIND:
        *message = "a value of another kind was expected";
        return PyExc_TypeError;
    case XI_ERR_UNHASHABLE:
        *message = "the value cannot be a key";
        return PyExc_TypeError;
    case XI_ERR_MISSING:
        *message = "no such key";
        return PyExc_KeyError;
    case XI_ERR_ENCODING:
        *message = "not text of the form it is said to be";
        return PyExc_ValueError;
    default:
        /* XI_ERR_NULL, XI_ERR_MOVED, XI_ERR_OPTION and numbers we do not know: a wrong call of ours, or of C code. */
        *message = xi_status_name(status);
        return PyExc_SystemError;
    }
}

PyObject *core_raise(core_state *state, xi_status status)
{
    const char *message;
    if (status == XI_ERR_NOMEM) {
        return PyErr_NoMemory();
    }
    PyObject *class = class_of(state, status, &message);
    PyErr_SetString(class, message);
    return NULL;
}

PyObject *core_raise_unsent(core_state *state, xi_status status, PyObject *item)
{
    const char *message;
    if (status != XI_ERR_CLOSED && status != XI_ERR_FULL && status != XI_ERR_ENDED) {
        return core_raise(state, status);
    }
    PyObject *class = class_of(state, status, &message);
    PyObject *exception = PyObject_CallFunction(class, "sO", message, item);
    if (exception != NULL) {
        PyErr_SetObject(class, exception);
        Py_DECREF(exception);
    }
    return NULL;
}
