using Totem.Core.Evs;
using Totem.Core.Model;

namespace Totem.Transport.Udp;

/// <summary>A member of a ring, running: one thread owns its protocol, any thread may use it.</summary>
public sealed class TotemNode : IAsyncDisposable
{
    /// <summary>Starts a member.</summary>
    public static Task<TotemNode> StartAsync(TotemNodeOptions options, CancellationToken cancellationToken = default)
        => throw new NotSupportedException();

    /// <summary>This member's id.</summary>
    public ProcessorId Id => throw new NotSupportedException();

    /// <summary>Messages and configuration changes in one order. One reader; what it does not take in time slows the ring down.</summary>
    public IAsyncEnumerable<TotemEvent> ReadEventsAsync(CancellationToken cancellationToken = default)
        => throw new NotSupportedException();

    /// <summary>Multicasts a message; completes when it is queued, and waits while the queue is full.</summary>
    public ValueTask MulticastAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee = Guarantee.Agreed, CancellationToken cancellationToken = default)
        => throw new NotSupportedException();

    /// <summary>Says goodbye and stops.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

/// <summary>How to run a member.</summary>
public sealed record TotemNodeOptions;

/// <summary>One element of the ordered stream.</summary>
/// <param name="Change">A configuration change, or null for a message.</param>
/// <param name="Sender">Who sent the message.</param>
/// <param name="Ring">The ring it was sent on.</param>
/// <param name="Guarantee">What its sender asked for.</param>
/// <param name="Payload">Its bytes.</param>
public sealed record TotemEvent(
    ConfigurationChange? Change, ProcessorId Sender, RingId Ring, Guarantee Guarantee, ReadOnlyMemory<byte> Payload);
