/* other_abi.c: an extension that was compiled for another ABI of crossinterp; importing it must fail. */
#include <Python.h>

#include "crossinterp.h"
#undef XI_ABI_VERSION
#define XI_ABI_VERSION 4000000000u
#include "crossinterp_capi.h"

static int other_abi_exec(PyObject *module)
{
    PyObject *owner;
    return crossinterp_capi_import(&owner) == NULL ? -1 : PyModule_AddObject(module, "owner", owner);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, other_abi_exec},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "other_abi", .m_slots = slots};

PyMODINIT_FUNC PyInit_other_abi(void)
{
    return PyModuleDef_Init(&definition);
}
