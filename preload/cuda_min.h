/* The few declarations of the CUDA driver interface that autopin needs.
 *
 * Owns nothing; included by preload/ and by the simulated driver.  The toolkit's cuda.h is not needed to build;
 * tests/unit/test_cuda_min.c compares every size, offset and constant below with the real header where one is
 * installed.  Values and layouts: cuda.h of CUDA 13.0, unchanged since the version named at each entry point. */
#ifndef AUTOPIN_CUDA_MIN_H
#define AUTOPIN_CUDA_MIN_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUarray_st *CUarray;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUgreenCtx_st *CUgreenCtx;
typedef int CUstreamCaptureMode;
typedef int CUstreamCaptureStatus;
typedef int CUpointer_attribute;
typedef int CUdevice_attribute;
typedef int CUdriverProcAddressQueryResult;
typedef unsigned long long cuuint64_t;

enum {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_NOT_INITIALIZED = 3,
    CUDA_ERROR_DEINITIALIZED = 4,
    CUDA_ERROR_NO_DEVICE = 100,
    CUDA_ERROR_INVALID_CONTEXT = 201,
    CUDA_ERROR_INVALID_HANDLE = 400,
    CUDA_ERROR_NOT_FOUND = 500,
    CUDA_ERROR_NOT_READY = 600,
    CUDA_ERROR_CONTEXT_IS_DESTROYED = 709,
    CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED = 712,
    CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED = 713,
    CUDA_ERROR_NOT_PERMITTED = 800,
    CUDA_ERROR_NOT_SUPPORTED = 801,
    CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED = 900,
    CUDA_ERROR_STREAM_CAPTURE_INVALIDATED = 901,
    CUDA_ERROR_STREAM_CAPTURE_UNJOINED = 904,
    CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD = 908,
    CUDA_ERROR_UNKNOWN = 999,
};

enum {
    CU_MEMHOSTREGISTER_PORTABLE = 1,
    CU_STREAM_CAPTURE_MODE_RELAXED = 2,
    CU_STREAM_CAPTURE_STATUS_NONE = 0,
    CU_EVENT_DISABLE_TIMING = 2,
    CU_MEMORYTYPE_HOST = 1,
    CU_MEMORYTYPE_DEVICE = 2,
    CU_MEMORYTYPE_ARRAY = 3,
    CU_MEMORYTYPE_UNIFIED = 4,
    CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2,
    CU_POINTER_ATTRIBUTE_DEVICE_POINTER = 3,
    CU_POINTER_ATTRIBUTE_HOST_POINTER = 4,
    CU_DEVICE_ATTRIBUTE_PCI_BUS_ID = 33,
    CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID = 34,
    CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID = 50,
    CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED = 99,
    CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES = 100,
    CU_GRAPH_NODE_TYPE_MEMCPY = 1,
    CU_MEMCPY_OPERAND_TYPE_POINTER = 1,
    CU_MEMCPY_SRC_ACCESS_ORDER_STREAM = 1,
    CU_MEMCPY_SRC_ACCESS_ORDER_DURING_API_CALL = 2,
    CU_MEMCPY_SRC_ACCESS_ORDER_ANY = 3,
};

#define CU_STREAM_LEGACY     ((CUstream)0x1)
#define CU_STREAM_PER_THREAD ((CUstream)0x2)

/* CUDA_MEMCPY2D (since 3.2, the _v2 entry points). */
struct cu_memcpy2d {
    size_t src_x, src_y;
    int src_type;
    const void *src_host;
    CUdeviceptr src_device;
    CUarray src_array;
    size_t src_pitch;
    size_t dst_x, dst_y;
    int dst_type;
    void *dst_host;
    CUdeviceptr dst_device;
    CUarray dst_array;
    size_t dst_pitch;
    size_t width, height;
};

/* CUDA_MEMCPY3D (3.2) and CUDA_MEMCPY3D_PEER (4.0): the peer form names contexts where this one has reserved words. */
struct cu_memcpy3d {
    size_t src_x, src_y, src_z, src_lod;
    int src_type;
    const void *src_host;
    CUdeviceptr src_device;
    CUarray src_array;
    void *src_context;
    size_t src_pitch, src_height;
    size_t dst_x, dst_y, dst_z, dst_lod;
    int dst_type;
    void *dst_host;
    CUdeviceptr dst_device;
    CUarray dst_array;
    void *dst_context;
    size_t dst_pitch, dst_height;
    size_t width, height, depth;
};

/* CUmemcpyAttributes, CUmemcpy3DOperand and CUDA_MEMCPY3D_BATCH_OP (12.8). */
struct cu_mem_location {
    int type, id;
};
struct cu_memcpy_attributes {
    int src_access_order;
    struct cu_mem_location src_hint, dst_hint;
    unsigned flags;
};
struct cu_operand3d {
    int type;
    union {
        struct {
            CUdeviceptr ptr;
            size_t row_length, layer_height;
            struct cu_mem_location hint;
        } ptr;
        struct {
            CUarray array;
            size_t x, y, z;
        } array;
    } op;
};
struct cu_batch_op3d {
    struct cu_operand3d src, dst;
    size_t width, height, depth;
    int src_access_order;
    unsigned flags;
};

/* CUDA_MEMCPY_NODE_PARAMS inside CUgraphNodeParams (12.2). */
struct cu_graph_node_params {
    int type;
    int reserved0[3];
    union {
        long long reserved1[29];
        struct {
            int flags, reserved;
            CUcontext ctx;
            struct cu_memcpy3d copy;
        } memcpy;
    } u;
    long long reserved2;
};

#endif
