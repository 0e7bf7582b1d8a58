namespace Totem.Bench.Load;

/// <summary>The resources that a node has used so far.</summary>
/// <param name="At">When this was looked at.</param>
/// <param name="Bus">The counters of the bus.</param>
/// <param name="Collections">Collections of the garbage collector.</param>
/// <param name="Pause">How long they stopped the process.</param>
/// <param name="Allocated">Bytes that were allocated.</param>
internal readonly record struct ResourceUse(long At, BusCounters Bus, long Collections, TimeSpan Pause, long Allocated)
{
    /// <summary>Looks now.</summary>
    public static ResourceUse Of(IOrderedBus bus) => new(
        Clock.Now, bus.Counters, GC.CollectionCount(0), GC.GetTotalPauseDuration(), GC.GetTotalAllocatedBytes());
}
