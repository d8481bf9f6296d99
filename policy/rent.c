/* Rent: see rent.h.  Each amount is one atomic word; no lock. */
#include "rent.h"

enum {
    CREDIT_PRICES = 1, /* the most credit, in pins: so many may fail before a site has to pay again */
    ASK_AGAIN = 4,     /* one that found no room pays this part of the price again */
    DOUBTS = 8,        /* so many pins that have earned nothing make a site wait for one copy more */
    PROOF = 2,         /* a pin that has earned takes away so many */
};

void rent_begin(struct block *block)
{
    atomic_store_explicit(&block->paid_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&block->first_ns, 0, memory_order_relaxed);
    atomic_store_explicit(&block->due_ns, 0, memory_order_relaxed);
}

void rent_pay(struct block *block, uint64_t ns)
{
    uint64_t none = 0;
    (void)atomic_compare_exchange_strong(&block->first_ns, &none, ns);
    count_add(&block->paid_ns, ns);
    count_add(&block->site->paid_ns, ns);
}

void rent_earn(struct block *block, uint64_t ns, uint64_t price_ns)
{
    struct site *site = block->site;
    if (count_get(&block->due_ns) == 0)
        return;
    const uint64_t earned = count_draw(&block->due_ns, 2 * ns), most = CREDIT_PRICES * price_ns;
    uint64_t credit = count_get(&site->credit_ns);
    while (credit < most &&
           !atomic_compare_exchange_weak(&site->credit_ns, &credit, credit + earned < most ? credit + earned : most))
        ;
    if (count_get(&block->due_ns) == 0)
        (void)count_draw(&site->doubts, PROOF);
}

void rent_leave(struct block *block)
{
    if (count_get(&block->paid_ns))
        count_add(&block->site->left_ns, count_draw(&block->paid_ns, UINT64_MAX));
}

void rent_spend(struct block *block, uint64_t price_ns)
{
    struct site *site = block->site;
    const uint64_t first = count_get(&block->first_ns);
    const uint64_t own = count_draw(&block->paid_ns, price_ns), left = count_draw(&site->left_ns, price_ns - own);
    (void)count_draw(&site->credit_ns, price_ns - own - left);
    (void)count_draw(&site->paid_ns, own + left);
    const uint64_t paid = own + left + count_get(&block->paid_ns);
    atomic_store_explicit(&block->due_ns, price_ns + first > paid ? 2 * (price_ns + first - paid) : 1,
                          memory_order_relaxed);
    count_add(&site->doubts, 1);
}

void rent_ask_later(struct block *block, uint64_t price_ns)
{
    const uint64_t most = price_ns - price_ns / ASK_AGAIN, paid = count_get(&block->paid_ns);
    if (paid > most)
        (void)count_draw(&block->site->paid_ns, count_draw(&block->paid_ns, paid - most));
}

enum reason rent_reason(const struct block *block, uint64_t price_ns)
{
    const struct site *site = block->site;
    const uint64_t paid = count_get(&block->paid_ns) + count_get(&site->left_ns);
    if (count_get(&site->doubts) >= DOUBTS)
        return paid >= price_ns + count_get(&block->first_ns) ? REASON_PAID : REASON_NOT_YET;
    if (paid >= price_ns)
        return REASON_PAID;
    return paid + count_get(&site->credit_ns) >= price_ns ? REASON_HOT : REASON_NOT_YET;
}
