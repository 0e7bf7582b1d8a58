using Microsoft.Extensions.Logging;
using Totem.Platform.Files;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Storage;

namespace Totem.Transport.Udp.Hosting;

/// <summary>The ring sequences that this member may use, stored where it was told to; without such
/// a place, any.</summary>
internal sealed class SequenceReserve : IDisposable
{
    private readonly RingSequenceStore? _store;
    private readonly ProcessorId _self;
    private readonly NodeCounters _counters;
    private readonly ILogger _logger;

    private SequenceReserve(RingSequenceStore? store, ProcessorId self, NodeCounters counters, ILogger logger) =>
        (_store, _self, _counters, _logger) = (store, self, counters, logger);

    /// <summary>Reads what is stored and stores the first block.</summary>
    /// <exception cref="IOException">The ring sequence cannot be read.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are no ring sequence.</exception>
    public static SequenceReserve Open(
        TotemNodeOptions options, ProcessorId self, NodeCounters counters, ILogger logger, Action wake)
    {
        var isOneHost = options.Transport.Kind == UdpTransportKind.Loopback;
        var store = options.StateDirectory is { } directory
            ? RingSequenceStore.Open(
                new RingSequenceFile(directory, self, survivesPowerLoss: !isOneHost, options.StateGroup), self, wake)
            : null;
        return new SequenceReserve(store, self, counters, logger);
    }

    /// <summary>The sequence that was stored when the member started; 0 without a place to store it.</summary>
    public ulong Start => _store?.Start ?? 0;

    /// <summary>Whether a sequence would survive a crash, or must be used all the same.</summary>
    public bool MayUse(ulong sequence)
    {
        if (_store is null || _store.IsStored(sequence))
            return true;
        if (_store.Failure is not { } failure)
            return false; // The store wakes us.
        // We remember our rings as long as we live, and a start without storage is refused.
        _counters.SequencesNotStored++;
        Log.SequenceNotStored(_logger, _self, sequence, failure.Message);
        return true;
    }

    /// <inheritdoc />
    public void Dispose() => _store?.Dispose();
}
