/* domain.c: the domain of this interpreter, which all instances of the module in it share, and how the interpreter's end
 * is learned.
 *
 * Two hooks, because none is both early and sure.  threading runs its exit functions before it joins the threads that
 * are not daemons: there the waits end, or a blocked thread would be joined for ever.  A capsule in the interpreter's own
 * dict is destroyed in every case that ends at all: there the domain closes, and its ends are let go.  Objects of ours
 * may outlive both: they touch nothing but their own handle, and the domain's memory is counted. */
#include "core.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct core_home {
    atomic_size_t holders; /* the capsule, and each instance of the module */
    _Atomic(xi_domain *) domain;
    atomic_ulong main_thread; /* the thread that gets signals; 0 when it is not of this interpreter */
} core_home;

static const char capsule_name[] = "crossinterp.domain";

static void home_release(core_home *home)
{
    if (home != NULL && atomic_fetch_sub(&home->holders, 1) == 1) {
        xi_domain_release(atomic_load(&home->domain));
        free(home);
    }
}

/* ---- The capsule ---- */

static void capsule_destroy(PyObject *capsule)
{
    core_home *home = PyCapsule_GetPointer(capsule, capsule_name);
    (void)xi_domain_close(atomic_load(&home->domain));
    home_release(home);
}

/* The key holds an address of this copy of the library, because another copy's domain is nothing to us. */
static PyObject *capsule_key(void)
{
    return PyUnicode_FromFormat("%s %p", capsule_name, (const void *)capsule_name);
}

/* 1 and the home of the current interpreter, borrowed; 0 when there is none yet; -1. */
static int home_find(core_home **out)
{
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject *key = capsule_key();
    if (dict == NULL || key == NULL) {
        Py_XDECREF(key);
        return PyErr_Occurred() ? -1 : 0;
    }
    PyObject *capsule = PyDict_GetItemWithError(dict, key);
    Py_DECREF(key);
    if (capsule == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    *out = PyCapsule_GetPointer(capsule, capsule_name);
    return *out == NULL ? -1 : 1;
}

static int home_publish(core_home *home)
{
    int result = -1;
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject *key = NULL, *capsule = NULL;
    if (dict == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this interpreter has no dict to keep its domain in");
        return -1;
    }
    key = capsule_key();
    capsule = PyCapsule_New(home, capsule_name, capsule_destroy);
    if (capsule != NULL) {
        atomic_fetch_add(&home->holders, 1);
    }
    if (key != NULL && capsule != NULL) {
        result = PyDict_SetItem(dict, key, capsule);
    }
    Py_XDECREF(key);
    Py_XDECREF(capsule);
    return result;
}

/* ---- The main thread ---- */

static int main_thread_find(unsigned long *out)
{
    *out = 0;
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        return 0;
    }
    PyObject *threading = PyImport_ImportModule("threading");
    PyObject *thread = threading ? PyObject_CallMethod(threading, "main_thread", NULL) : NULL;
    PyObject *ident = thread ? PyObject_GetAttrString(thread, "ident") : NULL;
    if (ident != NULL && ident != Py_None) {
        *out = PyLong_AsUnsignedLong(ident);
    }
    Py_XDECREF(threading);
    Py_XDECREF(thread);
    Py_XDECREF(ident);
    return PyErr_Occurred() ? -1 : 0;
}

int core_takes_signals(core_state *state)
{
    unsigned long main_thread = atomic_load(&state->home->main_thread);
    return main_thread != 0 && main_thread == PyThread_get_thread_ident();
}

/* ---- The domain ---- */

xi_domain *core_domain(core_state *state)
{
    core_home *home = state->home;
    xi_domain *domain = atomic_load(&home->domain);
    if (xi_domain_state(domain) != XI_ERR_FORKED) {
        return domain;
    }
    /* The child of a fork: what was made before stays stale, and the new domain is for what comes. */
    xi_domain *fresh;
    unsigned long main_thread;
    if (xi_domain_open(&fresh) != XI_OK) {
        PyErr_NoMemory();
        return NULL;
    }
    if (main_thread_find(&main_thread) < 0) {
        xi_domain_release(fresh);
        return NULL;
    }
    if (atomic_compare_exchange_strong(&home->domain, &domain, fresh)) {
        atomic_store(&home->main_thread, main_thread);
        xi_domain_release(domain);
        return fresh;
    }
    xi_domain_release(fresh);
    return domain;
}

void core_domain_end_waits(void)
{
    core_home *home;
    PyObject *raised = PyErr_GetRaisedException();
    if (home_find(&home) > 0) {
        (void)xi_domain_end_waits(atomic_load(&home->domain));
    }
    PyErr_SetRaisedException(raised);
}

PyDoc_STRVAR(end_waits_doc,
             "_end_waits($module, /)\n--\n\n"
             "Ends every wait of this interpreter's threads with InterpreterEnding, and refuses new ones.");

static PyObject *end_waits(PyObject *module, PyObject *unused)
{
    core_domain_end_waits();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"_end_waits", end_waits, METH_NOARGS, end_waits_doc},
    {NULL, NULL, 0, NULL},
};

/* threading._register_atexit is what concurrent.futures uses too.  Where it is missing, atexit is the next best.  It
 * refuses while the interpreter is ending already: then the hook has nothing left to do but what the capsule does. */
static int hook_register(PyObject *module)
{
    PyObject *registered = NULL;
    PyObject *hook = PyObject_GetAttrString(module, "_end_waits");
    PyObject *threading = hook ? PyImport_ImportModule("threading") : NULL;
    if (threading == NULL) {
        Py_XDECREF(hook);
        return -1;
    }
    if (PyObject_HasAttrString(threading, "_register_atexit")) {
        registered = PyObject_CallMethod(threading, "_register_atexit", "O", hook);
    } else {
        PyObject *atexit = PyImport_ImportModule("atexit");
        registered = atexit ? PyObject_CallMethod(atexit, "register", "O", hook) : NULL;
        Py_XDECREF(atexit);
    }
    if (registered == NULL && PyErr_ExceptionMatches(PyExc_RuntimeError)) {
        PyErr_Clear();
    }
    Py_XDECREF(registered);
    Py_DECREF(threading);
    Py_DECREF(hook);
    return PyErr_Occurred() ? -1 : 0;
}

static core_home *home_open(void)
{
    xi_domain *domain = NULL;
    unsigned long main_thread;
    core_home *home = malloc(sizeof(core_home));
    if (home == NULL || xi_domain_open(&domain) != XI_OK) {
        free(home);
        PyErr_NoMemory();
        return NULL;
    }
    atomic_init(&home->holders, 1);
    atomic_init(&home->domain, domain);
    if (main_thread_find(&main_thread) < 0) {
        home_release(home);
        return NULL;
    }
    atomic_init(&home->main_thread, main_thread);
    return home;
}

int core_domain_exec(PyObject *module, core_state *state)
{
    if (PyModule_AddFunctions(module, methods) < 0) {
        return -1;
    }
    core_home *home;
    int found = home_find(&home);
    if (found < 0) {
        return -1;
    }
    if (found > 0) {
        atomic_fetch_add(&home->holders, 1);
        state->home = home;
        return core_domain(state) == NULL ? -1 : 0;
    }
    state->home = home_open();
    if (state->home == NULL || hook_register(module) < 0) {
        return -1;
    }
    return home_publish(state->home);
}

void core_domain_free(core_state *state)
{
    home_release(state->home);
    state->home = NULL;
}
