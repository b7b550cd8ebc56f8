/* native_peer.c: a C extension that shares channels with Python code, through the capsule of crossinterp.
 *
 * Its threads are no Python threads: they have no thread state, and go on when the interpreter that started them ends. */
#include <Python.h>
#include <pthread.h>

#include "crossinterp_capi.h"

typedef struct peer_state {
    const xi_capi *api;
    PyObject *api_owner;
} peer_state;

static const xi_capi *api_of(PyObject *module)
{
    return ((peer_state *)PyModule_GetState(module))->api;
}

/* ---- Threads that own their ends ---- */

/* The table is a part of an interpreter that may end before the thread does: the thread has a copy of it. */
typedef struct job {
    xi_capi api;
    xi_sender *sender;
    xi_receiver *receiver;
    int64_t from, to;
} job;

static void job_free(job *job)
{
    job->api.xi_sender_release(job->sender);
    job->api.xi_receiver_release(job->receiver);
    PyMem_RawFree(job);
}

/* Another end of the same channel, which belongs to no interpreter. */
static xi_status free_sender(const xi_capi *api, const xi_sender *sender, xi_sender **out)
{
    xi_value value = {{0}};
    xi_status status = api->xi_sender_to_value(sender, &value);
    if (status == XI_OK) {
        status = api->xi_value_as_sender(&value, NULL, out);
        api->xi_value_release(&value);
    }
    return status;
}

static xi_status free_receiver(const xi_capi *api, const xi_receiver *receiver, xi_receiver **out)
{
    xi_value value = {{0}};
    xi_status status = api->xi_receiver_to_value(receiver, &value);
    if (status == XI_OK) {
        status = api->xi_value_as_receiver(&value, NULL, out);
        api->xi_value_release(&value);
    }
    return status;
}

static PyObject *job_start(job *job, void *(*body)(void *))
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, body, job);
    if (error != 0) {
        job_free(job);
        return PyErr_Format(PyExc_OSError, "no thread: %d", error);
    }
    pthread_detach(thread);
    Py_RETURN_NONE;
}

static void *count_body(void *data)
{
    job *job = data;
    for (int64_t number = job->from; number < job->to; number++) {
        xi_value value = job->api.xi_value_int(number);
        if (job->api.xi_sender_send_wait(job->sender, &value, UINT64_MAX) != XI_OK) {
            job->api.xi_value_release(&value);
            break;
        }
    }
    job_free(job);
    return NULL;
}

/* count_into(sender, from, to): a thread sends the ints of the range, then lets its end go. */
static PyObject *count_into(PyObject *module, PyObject *args)
{
    const xi_capi *api = api_of(module);
    PyObject *object;
    long long from, to;
    if (!PyArg_ParseTuple(args, "OLL", &object, &from, &to)) {
        return NULL;
    }
    const xi_sender *sender = api->sender_of_object(api, object);
    if (sender == NULL) {
        return NULL;
    }
    job *job = PyMem_RawCalloc(1, sizeof(*job));
    if (job == NULL) {
        return PyErr_NoMemory();
    }
    job->api = *api;
    job->from = from;
    job->to = to;
    xi_status status = free_sender(api, sender, &job->sender);
    if (status != XI_OK) {
        job_free(job);
        return api->raise_status(api, status);
    }
    return job_start(job, count_body);
}

static void *echo_body(void *data)
{
    job *job = data;
    for (;;) {
        xi_value value = {{0}};
        if (job->api.xi_receiver_recv_wait(job->receiver, UINT64_MAX, &value) != XI_OK) {
            break;
        }
        if (job->api.xi_sender_send_wait(job->sender, &value, UINT64_MAX) != XI_OK) {
            job->api.xi_value_release(&value);
            break;
        }
    }
    job_free(job);
    return NULL;
}

/* echo(receiver, sender): a thread moves messages of any kind from one channel to the other, without Python. */
static PyObject *echo(PyObject *module, PyObject *args)
{
    const xi_capi *api = api_of(module);
    PyObject *receiver_object, *sender_object;
    if (!PyArg_ParseTuple(args, "OO", &receiver_object, &sender_object)) {
        return NULL;
    }
    const xi_receiver *receiver = api->receiver_of_object(api, receiver_object);
    const xi_sender *sender = receiver == NULL ? NULL : api->sender_of_object(api, sender_object);
    if (sender == NULL) {
        return NULL;
    }
    job *job = PyMem_RawCalloc(1, sizeof(*job));
    if (job == NULL) {
        return PyErr_NoMemory();
    }
    job->api = *api;
    xi_status status = free_receiver(api, receiver, &job->receiver);
    if (status == XI_OK) {
        status = free_sender(api, sender, &job->sender);
    }
    if (status != XI_OK) {
        job_free(job);
        return api->raise_status(api, status);
    }
    return job_start(job, echo_body);
}

/* ---- Channels made in C ---- */

/* channel_of(items): a Receiver whose channel was made and filled here; nothing else is ever sent. */
static PyObject *channel_of(PyObject *module, PyObject *items)
{
    const xi_capi *api = api_of(module);
    xi_sender *sender = NULL;
    xi_receiver *receiver = NULL;
    PyObject *result = NULL;
    PyObject *list = PySequence_List(items);
    if (list == NULL) {
        return NULL;
    }
    xi_status status = api->xi_channel_new(NULL, &sender, &receiver);
    for (Py_ssize_t i = 0; status == XI_OK && i < PyList_GET_SIZE(list); i++) {
        xi_value value = {{0}};
        if (api->value_from_object(api, PyList_GET_ITEM(list, i), 0, &value) < 0) {
            goto done;
        }
        status = api->xi_sender_try_send(sender, &value);
        api->xi_value_release(&value);
    }
    result = status == XI_OK ? api->object_of_receiver(api, receiver) : api->raise_status(api, status);
done:
    /* The Python object has an end of its own. */
    api->xi_sender_release(sender);
    api->xi_receiver_release(receiver);
    Py_DECREF(list);
    return result;
}

/* pair(): a Sender and a Receiver of one channel that was made here. */
static PyObject *pair(PyObject *module, PyObject *Py_UNUSED(unused))
{
    const xi_capi *api = api_of(module);
    xi_domain *domain = api->domain(api);
    if (domain == NULL) {
        return NULL;
    }
    xi_channel_options options = {.struct_size = sizeof(options), .capacity = 4, .domain = domain};
    xi_sender *sender;
    xi_receiver *receiver;
    xi_status status = api->xi_channel_new(&options, &sender, &receiver);
    if (status != XI_OK) {
        return api->raise_status(api, status);
    }
    PyObject *sender_object = api->object_of_sender(api, sender);
    PyObject *receiver_object = sender_object == NULL ? NULL : api->object_of_receiver(api, receiver);
    PyObject *result = receiver_object == NULL ? NULL : PyTuple_Pack(2, sender_object, receiver_object);
    Py_XDECREF(sender_object);
    Py_XDECREF(receiver_object);
    api->xi_sender_release(sender);
    api->xi_receiver_release(receiver);
    return result;
}

/* sum_of(receiver): receives ints until the channel is closed, without the GIL. */
static PyObject *sum_of(PyObject *module, PyObject *object)
{
    const xi_capi *api = api_of(module);
    const xi_receiver *borrowed = api->receiver_of_object(api, object);
    if (borrowed == NULL) {
        return NULL;
    }
    xi_receiver *receiver;
    xi_status status = free_receiver(api, borrowed, &receiver);
    if (status != XI_OK) {
        return api->raise_status(api, status);
    }
    int64_t sum = 0;
    Py_BEGIN_ALLOW_THREADS while (status == XI_OK)
    {
        xi_value value = {{0}};
        int64_t number = 0;
        status = api->xi_receiver_recv_wait(receiver, UINT64_MAX, &value);
        if (status == XI_OK) {
            status = api->xi_value_as_int(&value, &number);
            api->xi_value_release(&value);
            sum += number;
        }
    }
    api->xi_receiver_release(receiver);
    Py_END_ALLOW_THREADS return status == XI_ERR_CLOSED ? PyLong_FromLongLong(sum)
                                                        : api->raise_status(api, status);
}

/* ---- Values and errors ---- */

/* roundtrip(object, freeze): what a receiver would get. */
static PyObject *roundtrip(PyObject *module, PyObject *args)
{
    const xi_capi *api = api_of(module);
    PyObject *object;
    int freeze;
    xi_value value = {{0}};
    if (!PyArg_ParseTuple(args, "Op", &object, &freeze) ||
        api->value_from_object(api, object, freeze, &value) < 0) {
        return NULL;
    }
    PyObject *result = api->object_from_value(api, &value);
    api->xi_value_release(&value);
    return result;
}

/* text(form, units): a str of text that was not made by Python, so that its form may be wider than it needs. */
static PyObject *text(PyObject *module, PyObject *args)
{
    const xi_capi *api = api_of(module);
    int form;
    Py_buffer units;
    if (!PyArg_ParseTuple(args, "iy*", &form, &units)) {
        return NULL;
    }
    size_t width = form == XI_TEXT_UCS4 ? 4 : form == XI_TEXT_UCS2 ? 2 : 1;
    xi_value value = {{0}};
    xi_status status = api->xi_value_text(form, units.buf, (size_t)units.len / width, &value);
    PyBuffer_Release(&units);
    if (status != XI_OK) {
        return api->raise_status(api, status);
    }
    PyObject *result = api->object_from_value(api, &value);
    api->xi_value_release(&value);
    return result;
}

/* record(name, item): what is received when a record of that name arrives. */
static PyObject *record(PyObject *module, PyObject *args)
{
    const xi_capi *api = api_of(module);
    PyObject *name, *item;
    xi_sequence_builder *builder;
    if (!PyArg_ParseTuple(args, "UO", &name, &item)) {
        return NULL;
    }
    xi_status status = api->xi_sequence_new(XI_KIND_RECORD, 2, &builder);
    if (status != XI_OK) {
        return api->raise_status(api, status);
    }
    xi_value *slots = api->xi_sequence_slots(builder);
    if (api->value_from_object(api, name, 0, &slots[0]) < 0 ||
        api->value_from_object(api, item, 0, &slots[1]) < 0) {
        api->xi_sequence_release(builder);
        return NULL;
    }
    xi_value value = {{0}};
    status = api->xi_sequence_finish(builder, &value);
    if (status != XI_OK) {
        api->xi_sequence_release(builder);
        return api->raise_status(api, status);
    }
    PyObject *result = api->object_from_value(api, &value);
    api->xi_value_release(&value);
    return result;
}

static PyObject *raise_status(PyObject *module, PyObject *number)
{
    const xi_capi *api = api_of(module);
    long status = PyLong_AsLong(number);
    if (status == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return api->raise_status(api, (xi_status)status);
}

/* wrong_call(number): what the table answers to NULL where something must be. */
static PyObject *wrong_call(PyObject *module, PyObject *number)
{
    const xi_capi *api = api_of(module);
    xi_value value = {{0}};
    switch (PyLong_AsLong(number)) {
    case 0:
        return api->value_from_object(api, NULL, 0, &value) < 0 ? NULL : Py_NewRef(Py_None);
    case 1:
        return api->value_from_object(api, Py_None, 0, NULL) < 0 ? NULL : Py_NewRef(Py_None);
    case 2:
        return api->object_from_value(api, NULL);
    case 3:
        return api->object_from_value(api, &value);
    case 4:
        return api->sender_of_object(api, NULL) == NULL ? NULL : Py_NewRef(Py_None);
    case 5:
        return api->receiver_of_object(api, NULL) == NULL ? NULL : Py_NewRef(Py_None);
    case 6:
        return api->object_of_sender(api, NULL);
    case 7:
        return api->object_of_receiver(api, NULL);
    default:
        return api->raise_status(api, XI_OK);
    }
}

static PyObject *table_address(PyObject *module, PyObject *Py_UNUSED(unused))
{
    return PyLong_FromVoidPtr((void *)(uintptr_t)api_of(module));
}

static PyMethodDef methods[] = {
    {"count_into", count_into, METH_VARARGS, NULL},
    {"echo", echo, METH_VARARGS, NULL},
    {"channel_of", channel_of, METH_O, NULL},
    {"pair", pair, METH_NOARGS, NULL},
    {"sum_of", sum_of, METH_O, NULL},
    {"roundtrip", roundtrip, METH_VARARGS, NULL},
    {"text", text, METH_VARARGS, NULL},
    {"record", record, METH_VARARGS, NULL},
    {"raise_status", raise_status, METH_O, NULL},
    {"wrong_call", wrong_call, METH_O, NULL},
    {"table_address", table_address, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* ---- The module ---- */

static int peer_exec(PyObject *module)
{
    peer_state *state = PyModule_GetState(module);
    state->api = crossinterp_capi_import(&state->api_owner);
    return state->api == NULL ? -1 : 0;
}

static int peer_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(((peer_state *)PyModule_GetState(module))->api_owner);
    return 0;
}

static int peer_clear(PyObject *module)
{
    Py_CLEAR(((peer_state *)PyModule_GetState(module))->api_owner);
    return 0;
}

static void peer_free(void *module)
{
    (void)peer_clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, peer_exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#if PY_VERSION_HEX >= 0x030D0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "native_peer",     .m_size = sizeof(peer_state), .m_methods = methods,
    .m_slots = slots,      .m_traverse = peer_traverse, .m_clear = peer_clear,        .m_free = peer_free,
};

PyMODINIT_FUNC PyInit_native_peer(void)
{
    return PyModuleDef_Init(&definition);
}
