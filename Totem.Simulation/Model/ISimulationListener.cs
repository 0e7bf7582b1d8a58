using Totem.Core.Diagnostics;
using Totem.Core.Time;
using Totem.Simulation.Traces;

namespace Totem.Simulation.Model;

/// <summary>The fate of a datagram on its way to one receiver.</summary>
internal enum FrameFate
{
    /// <summary>Handed to the network.</summary>
    Sent,

    /// <summary>Lost to chance.</summary>
    Lost,

    /// <summary>Stopped by a cut, a partition or a blackout.</summary>
    CutOff,

    /// <summary>Dropped by a scripted filter.</summary>
    Filtered,

    /// <summary>Kept back by a test.</summary>
    Held,

    /// <summary>Arrives a second time.</summary>
    Duplicated,

    /// <summary>Arrives as bytes that the decoder must refuse.</summary>
    Corrupted,

    /// <summary>The receiver's socket buffer was full.</summary>
    Overflowed,

    /// <summary>Nobody listens there.</summary>
    NobodyThere,
}

/// <summary>Watches a simulation, for transcripts. Nothing it does may change the run.</summary>
internal interface ISimulationListener
{
    /// <summary>A processor's engine reports something.</summary>
    void OnRingEvent(Instant now, ProcessorId node, in RingEvent ringEvent);

    /// <summary>A datagram was sent (to nobody in particular: to all) or met its fate.</summary>
    void OnFrame(Instant now, ProcessorId from, ProcessorId to, ReadOnlySpan<byte> frame, FrameFate fate);

    /// <summary>A processor's application was told of a configuration.</summary>
    void OnInstall(Instant now, ProcessorId node, ConfigurationChange change);

    /// <summary>A processor's application was handed a message.</summary>
    void OnDeliver(Instant now, ProcessorId node, MessageId message, in Delivery delivery);

    /// <summary>A processor's host was handed something of a group.</summary>
    void OnGroup(Instant now, ProcessorId node, string text);

    /// <summary>Something happened to a processor's links.</summary>
    void OnLink(Instant now, ProcessorId node, string text);

    /// <summary>The script did something.</summary>
    void OnAction(Instant now, string action);
}
