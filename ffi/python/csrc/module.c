/* module.c: crossinterp._core as a module: its state, its slots, and the order in which its parts are set up. */
#include "core.h"

core_state *core_state_of_module(PyObject *module)
{
    return (core_state *)PyModule_GetState(module);
}

core_state *core_state_of_type(PyTypeObject *type)
{
    /* Our types are final, so the type of an object is the very one that was made with the module. */
    return (core_state *)PyType_GetModuleState(type);
}

int core_add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **slot)
{
    PyTypeObject *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    if (type == NULL) {
        return -1;
    }
    *slot = type;
    return PyModule_AddType(module, type);
}

static int core_exec(PyObject *module)
{
    static int (*const parts[])(PyObject *, core_state *) = {
        core_errors_exec,  core_record_exec,      core_view_exec, core_domain_exec,
        core_channel_exec, core_interpreter_exec, core_capi_exec,
    };
    core_state *state = core_state_of_module(module);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i](module, state) < 0) {
            return -1;
        }
    }
    return PyModule_AddStringConstant(module, "__version__", xi_version());
}

static int core_traverse(PyObject *module, visitproc visit, void *arg)
{
    core_state *state = core_state_of_module(module);
#define CORE_STATE_VISIT(type, name) Py_VISIT(state->name);
    CORE_STATE_OBJECTS(CORE_STATE_VISIT)
#undef CORE_STATE_VISIT
    return 0;
}

static int core_clear(PyObject *module)
{
    core_state *state = core_state_of_module(module);
#define CORE_STATE_CLEAR(type, name) Py_CLEAR(state->name);
    CORE_STATE_OBJECTS(CORE_STATE_CLEAR)
#undef CORE_STATE_CLEAR
    return 0;
}

static void core_free(void *module)
{
    core_domain_free(core_state_of_module((PyObject *)module));
    (void)core_clear((PyObject *)module);
}

static PyModuleDef_Slot core_slots[] = {
    {Py_mod_exec, core_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

PyDoc_STRVAR(core_doc, "The part of crossinterp that is written in C.  Import crossinterp instead.");

static struct PyModuleDef core_module = {
    PyModuleDef_HEAD_INIT, .m_name = "crossinterp._core", .m_doc = core_doc,     .m_size = sizeof(core_state),
    .m_slots = core_slots, .m_traverse = core_traverse,   .m_clear = core_clear, .m_free = core_free,
};

/* The one symbol that the library exports. */
PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
