/* compat.h: the few things that CPython 3.12 to 3.15 do not spell alike. */
#ifndef CROSSINTERP_COMPAT_H
#define CROSSINTERP_COMPAT_H

#include "core.h"

/* Item index of a list, a new reference; NULL without an exception when the list has become shorter. */
static inline PyObject *core_list_item(PyObject *list, Py_ssize_t index)
{
#ifdef Py_GIL_DISABLED
    PyObject *item = PyList_GetItemRef(list, index);
    if (item == NULL) {
        PyErr_Clear();
    }
    return item;
#else
    return index < PyList_GET_SIZE(list) ? Py_NewRef(PyList_GET_ITEM(list, index)) : NULL;
#endif
}

/* 1 and a new reference, 0 when there is no such key, -1 with an exception. */
static inline int core_dict_get(PyObject *dict, PyObject *key, PyObject **out)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyDict_GetItemRef(dict, key, out);
#else
    *out = Py_XNewRef(PyDict_GetItemWithError(dict, key));
    return *out != NULL ? 1 : PyErr_Occurred() ? -1 : 0;
#endif
}

/* What to walk instead of a dict that other threads may change meanwhile: a new reference. */
static inline PyObject *core_dict_to_walk(PyObject *dict)
{
#ifdef Py_GIL_DISABLED
    return PyDict_Copy(dict);
#else
    return Py_NewRef(dict);
#endif
}

/* Whether a part of a graph can be reached in more than one way: each way holds a reference, held of them are ours. */
static inline int core_may_be_shared(PyObject *object, int held)
{
#ifdef Py_GIL_DISABLED
    return 1;
#else
    return Py_REFCNT(object) > 1 + held;
#endif
}

#endif /* CROSSINTERP_COMPAT_H */
