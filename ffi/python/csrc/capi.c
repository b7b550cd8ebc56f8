/* capi.c: the table by which other C extensions use this copy of the library (crossinterp_capi.h). */
#include "core.h"

#include <stddef.h>

static core_state *state_of(const xi_capi *api)
{
    return (core_state *)((char *)(uintptr_t)api - offsetof(core_state, capi));
}

static int value_from_object(const xi_capi *api, PyObject *object, int freeze, xi_value *out)
{
    if (object == NULL || out == NULL) {
        PyErr_BadInternalCall();
        return -1;
    }
    return core_value_from_object(state_of(api), object, freeze, out);
}

static PyObject *object_from_value(const xi_capi *api, const xi_value *value)
{
    return core_object_from_value(state_of(api), value);
}

static const xi_sender *sender_of_object(const xi_capi *api, PyObject *object)
{
    if (object == NULL) {
        PyErr_BadInternalCall();
        return NULL;
    }
    return core_sender_borrow(state_of(api), object);
}

static const xi_receiver *receiver_of_object(const xi_capi *api, PyObject *object)
{
    if (object == NULL) {
        PyErr_BadInternalCall();
        return NULL;
    }
    return core_receiver_borrow(state_of(api), object);
}

/* By way of a value, because the end given may belong to no domain, and the new one must belong to ours. */
static PyObject *object_of_sender(const xi_capi *api, const xi_sender *sender)
{
    xi_value value = {{0}};
    xi_status status = xi_sender_to_value(sender, &value);
    if (status != XI_OK) {
        return core_raise(state_of(api), status);
    }
    PyObject *object = core_object_from_value(state_of(api), &value);
    xi_value_release(&value);
    return object;
}

static PyObject *object_of_receiver(const xi_capi *api, const xi_receiver *receiver)
{
    xi_value value = {{0}};
    xi_status status = xi_receiver_to_value(receiver, &value);
    if (status != XI_OK) {
        return core_raise(state_of(api), status);
    }
    PyObject *object = core_object_from_value(state_of(api), &value);
    xi_value_release(&value);
    return object;
}

static xi_domain *domain(const xi_capi *api)
{
    return core_domain(state_of(api));
}

static PyObject *raise_status(const xi_capi *api, xi_status status)
{
    return core_raise(state_of(api), status);
}

int core_capi_exec(PyObject *module, core_state *state)
{
    state->capi = (xi_capi){.struct_size = sizeof(xi_capi),
                            .abi_version = xi_abi_version(),
                            .value_from_object = value_from_object,
                            .object_from_value = object_from_value,
                            .sender_of_object = sender_of_object,
                            .receiver_of_object = receiver_of_object,
                            .object_of_sender = object_of_sender,
                            .object_of_receiver = object_of_receiver,
                            .domain = domain,
                            .raise_status = raise_status,
#define CORE_CAPI_ENTRY(result, name, parameters) .name = name,
                            XI_CAPI_FUNCTIONS(CORE_CAPI_ENTRY)
#undef CORE_CAPI_ENTRY
    };
    /* The capsule does not own the table, which is a part of the module's state: users hold the module. */
    PyObject *capsule = PyCapsule_New(&state->capi, XI_CAPI_CAPSULE, NULL);
    int result = PyModule_AddObjectRef(module, "_C_API", capsule);
    Py_XDECREF(capsule);
    return result;
}
