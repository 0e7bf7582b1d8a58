namespace Totem.Simulation.Traces;

/// <summary>The events of a trace (EVS §1).</summary>
public enum TraceEventKind
{
    /// <summary>A processor begins a life.</summary>
    Start,

    /// <summary>A configuration is delivered to the application.</summary>
    Install,

    /// <summary>A message is multicast for the first time, whole.</summary>
    Send,

    /// <summary>A message is delivered to the application.</summary>
    Deliver,

    /// <summary>A processor crashes, or leaves: its life ends here.</summary>
    Fail,
}

/// <summary>One event at one processor; the order of a processor's events is their order in its list.</summary>
/// <param name="Kind">The event.</param>
/// <param name="Processor">Where.</param>
/// <param name="Incarnation">In which life of that processor, from 1.</param>
/// <param name="TimeTicks">When, in ticks of 100 ns on that processor's clock: for reading, never for checking.</param>
/// <param name="Configuration">Install: what is installed. Send and Deliver: null.</param>
/// <param name="Message">Send and Deliver: which message.</param>
/// <param name="Guarantee">Send: what was asked for. Deliver: what the engine says was asked for.</param>
/// <param name="PayloadHash">Send and Deliver: a hash over the bytes.</param>
/// <param name="Ring">Send: the ring the message was sent on. Deliver: the ring the engine says it was sent on.</param>
public sealed record TraceEvent(
    TraceEventKind Kind,
    ProcessorId Processor,
    int Incarnation,
    long TimeTicks = 0,
    Configuration? Configuration = null,
    MessageId Message = default,
    Guarantee Guarantee = Guarantee.Agreed,
    ulong PayloadHash = 0,
    RingId Ring = default);
