/* Functions of the objects in the process.  See symbols.h.
 *
 * Formats: the ELF gABI, chapter 5; DT_GNU_HASH and DT_VERSYM as binutils writes and glibc reads them. */
#define _GNU_SOURCE
#include "symbols.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#include "modules.h"
#include "self.h"

/* What the dynamic section says about symbols. */
struct symbols {
    const ElfW(Sym) * table;
    const char *names;
    const uint32_t *hash, *gnu_hash;
    const uint16_t *versions; /* NULL: none */
};

/* glibc has added the load address to these already; not in an object that it did not map (the vDSO). */
static NEAR_START const void *relocated(const struct object *object, uintptr_t at)
{
    return (const void *)(at < object->load ? at + object->load : at); /* NOLINT(performance-no-int-to-ptr) */
}

static NEAR_START struct symbols find_symbols(const struct object *object)
{
    struct symbols found = {0};
    for (const ElfW(Dyn) *entry = object->dynamic; entry && entry->d_tag != DT_NULL; entry++) {
        const void *at = relocated(object, entry->d_un.d_ptr);
        if (entry->d_tag == DT_SYMTAB)
            found.table = at;
        else if (entry->d_tag == DT_STRTAB)
            found.names = at;
        else if (entry->d_tag == DT_HASH)
            found.hash = at;
        else if (entry->d_tag == DT_GNU_HASH)
            found.gnu_hash = at;
        else if (entry->d_tag == DT_VERSYM)
            found.versions = at;
    }
    return found;
}

/* The table does not say how long it is; its hash tables do. */
static size_t count_symbols(const struct symbols *symbols)
{
    if (symbols->hash)
        return symbols->hash[1];
    if (!symbols->gnu_hash)
        return 0;
    const uint32_t n_buckets = symbols->gnu_hash[0], first = symbols->gnu_hash[1], bloom_words = symbols->gnu_hash[2];
    const uint32_t *buckets = symbols->gnu_hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
    const uint32_t *chain = buckets + n_buckets;
    uint32_t last = 0;
    for (uint32_t i = 0; i < n_buckets; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while (!(chain[last - first] & 1))
        last++;
    return last + 1;
}

static NEAR_START int is_function(const ElfW(Sym) * symbol)
{
    const unsigned type = symbol->st_info & 15u; /* ELF64_ST_TYPE and ELF32_ST_TYPE */
    return symbol->st_shndx != SHN_UNDEF && symbol->st_value && (type == STT_FUNC || type == STT_GNU_IFUNC);
}

int symbol_at(uintptr_t pc, const char **name, uint64_t *offset)
{
    struct object object = {.pc = pc};
    const ElfW(Sym) *best = NULL;
    if (!module_find(&object))
        return -ENOENT;
    const struct symbols symbols = find_symbols(&object);
    const size_t n = symbols.table && symbols.names ? count_symbols(&symbols) : 0;
    const uintptr_t at = pc - object.load;
    for (size_t i = 0; i < n; i++) {
        const ElfW(Sym) *symbol = &symbols.table[i];
        if (!is_function(symbol) || at < symbol->st_value ||
            (symbol->st_size && at - symbol->st_value >= symbol->st_size))
            continue;
        if (!best || symbol->st_value > best->st_value)
            best = symbol;
    }
    if (!best)
        return -ENOENT;
    *name = symbols.names + best->st_name;
    *offset = at - best->st_value;
    return 0;
}

/* --- by name --------------------------------------------------------------------------------------------------------
 */

static NEAR_START uint32_t name_hash(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* Whether this is the definition that a program linked now would get: not an old version's. */
static NEAR_START int defines(const struct symbols *symbols, size_t i, const char *name)
{
    enum {
        HIDDEN = 0x8000
    };
    return is_function(&symbols->table[i]) && !(symbols->versions && (symbols->versions[i] & HIDDEN)) &&
           strcmp(symbols->names + symbols->table[i].st_name, name) == 0;
}

static NEAR_START const ElfW(Sym) * find_by_gnu_hash(const struct symbols *symbols, const char *name)
{
    const uint32_t n_buckets = symbols->gnu_hash[0], first = symbols->gnu_hash[1], bloom_words = symbols->gnu_hash[2];
    const uint32_t *buckets = symbols->gnu_hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
    const uint32_t *chain = buckets + n_buckets, hash = name_hash(name);
    uint32_t i = n_buckets ? buckets[hash % n_buckets] : 0;
    if (i < first || i == 0)
        return NULL;
    for (;; i++) {
        if ((chain[i - first] | 1) == (hash | 1) && defines(symbols, i, name))
            return &symbols->table[i];
        if (chain[i - first] & 1)
            return NULL;
    }
}

static NEAR_START const ElfW(Sym) * find_by_name(const struct symbols *symbols, const char *name)
{
    if (!symbols->table || !symbols->names)
        return NULL;
    if (symbols->gnu_hash)
        return find_by_gnu_hash(symbols, name);
    for (size_t i = 0, n = count_symbols(symbols); i < n; i++)
        if (defines(symbols, i, name))
            return &symbols->table[i];
    return NULL;
}

static NEAR_START void *find_from(const struct link_map *in_list, const char *name)
{
    for (; in_list; in_list = in_list->l_next) {
        const struct object object = {.load = in_list->l_addr, .dynamic = in_list->l_ld};
        const struct symbols symbols = find_symbols(&object);
        const ElfW(Sym) *symbol = find_by_name(&symbols, name);
        if (symbol && (symbol->st_info & 15u) == STT_FUNC)
            return (void *)(object.load + symbol->st_value); /* NOLINT(performance-no-int-to-ptr) */
        if (symbol)
            return NULL; /* the loader has to ask it where it is */
    }
    return NULL;
}

static NEAR_START const struct link_map *own_place(void)
{
    struct object own = {.pc = (uintptr_t)&own_place};
    return module_find(&own) ? own.in_list : NULL;
}

NEAR_START void *symbol_next(const char *name)
{
    const struct link_map *own = own_place();
    return own ? find_from(own->l_next, name) : NULL;
}

void *symbol_first(const char *name)
{
    const struct link_map *first = own_place();
    while (first && first->l_prev)
        first = first->l_prev;
    return find_from(first, name);
}
