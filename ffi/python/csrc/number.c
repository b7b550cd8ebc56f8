/* number.c: ints of any size between Python and values. */
#include "core.h"

#if PY_VERSION_HEX < 0x030D0000

/* CPython 3.12 has no public C function for ints beyond 64 bits: the methods of int serve. */

static int int_bytes(core_state *state, PyObject *number, xi_value *out)
{
    int result = -1;
    PyObject *method = NULL, *positional = NULL, *named = NULL, *bytes = NULL;
    PyObject *bits = PyObject_CallMethod((PyObject *)&PyLong_Type, "bit_length", "O", number);
    if (bits == NULL) {
        return -1;
    }
    size_t width = PyLong_AsSize_t(bits);
    Py_DECREF(bits);
    if (width == (size_t)-1 && PyErr_Occurred()) {
        return -1;
    }
    if ((method = PyObject_GetAttrString((PyObject *)&PyLong_Type, "to_bytes")) == NULL ||
        (positional = Py_BuildValue("(Ons)", number, (Py_ssize_t)(width / 8 + 1), "little")) == NULL ||
        (named = Py_BuildValue("{sO}", "signed", Py_True)) == NULL ||
        (bytes = PyObject_Call(method, positional, named)) == NULL) {
        goto done;
    }
    xi_status status = xi_value_int_from_bytes((const uint8_t *)PyBytes_AS_STRING(bytes),
                                               (size_t)PyBytes_GET_SIZE(bytes), out);
    if (status == XI_OK) {
        result = 0;
    } else {
        (void)core_raise(state, status);
    }
done:
    Py_XDECREF(method);
    Py_XDECREF(positional);
    Py_XDECREF(named);
    Py_XDECREF(bytes);
    return result;
}

static PyObject *int_of_bytes(const uint8_t *bytes, size_t len)
{
    PyObject *result = NULL, *method = NULL, *positional = NULL, *named = NULL;
    if ((method = PyObject_GetAttrString((PyObject *)&PyLong_Type, "from_bytes")) != NULL &&
        (positional = Py_BuildValue("(y#s)", (const char *)bytes, (Py_ssize_t)len, "little")) != NULL &&
        (named = Py_BuildValue("{sO}", "signed", Py_True)) != NULL) {
        result = PyObject_Call(method, positional, named);
    }
    Py_XDECREF(method);
    Py_XDECREF(positional);
    Py_XDECREF(named);
    return result;
}

#else

enum { NATIVE = Py_ASNATIVEBYTES_LITTLE_ENDIAN };

static int int_bytes(core_state *state, PyObject *number, xi_value *out)
{
    Py_ssize_t size = PyLong_AsNativeBytes(number, NULL, 0, NATIVE);
    if (size < 0) {
        return -1;
    }
    uint8_t *bytes = PyMem_Malloc((size_t)size);
    if (bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int result = -1;
    if (PyLong_AsNativeBytes(number, bytes, size, NATIVE) >= 0) {
        xi_status status = xi_value_int_from_bytes(bytes, (size_t)size, out);
        if (status != XI_OK) {
            (void)core_raise(state, status);
        } else {
            result = 0;
        }
    }
    PyMem_Free(bytes);
    return result;
}

static PyObject *int_of_bytes(const uint8_t *bytes, size_t len)
{
    return PyLong_FromNativeBytes(bytes, len, NATIVE);
}

#endif

int core_value_from_int(core_state *state, PyObject *number, xi_value *out)
{
    if (PyUnstable_Long_IsCompact((PyLongObject *)number)) {
        *out = xi_value_int(PyUnstable_Long_CompactValue((PyLongObject *)number));
        return 0;
    }
    int overflow;
    long long small = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow != 0) {
        return int_bytes(state, number, out);
    }
    if (small == -1 && PyErr_Occurred()) {
        return -1;
    }
    *out = xi_value_int(small);
    return 0;
}

PyObject *core_int_from_value(core_state *state, const xi_value *value)
{
    int64_t small;
    xi_status status = xi_value_as_int(value, &small);
    if (status == XI_OK) {
        return PyLong_FromLongLong(small);
    }
    size_t size;
    if (status != XI_ERR_RANGE || (status = xi_value_int_size(value, &size)) != XI_OK) {
        return core_raise(state, status);
    }
    uint8_t *bytes = PyMem_Malloc(size);
    if (bytes == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *result = NULL;
    status = xi_value_int_to_bytes(value, bytes, size);
    if (status == XI_OK) {
        result = int_of_bytes(bytes, size);
    } else {
        (void)core_raise(state, status);
    }
    PyMem_Free(bytes);
    return result;
}
