using System.Runtime.InteropServices;
using Totem.Simulation.Model;
using Totem.Transport.Knet.Aead;
using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Knet.Keys;

namespace Totem.Transport.Knet.Tests.Simulation;

/// <summary>One node of a simulated cluster: a machine in each of its lives.</summary>
internal sealed class KnetNode(KnetSetup setup, int id, SimulationRandom random) : IKnetObserver, IDisposable
{
    private KnetMachine? _machine;

    public ushort Id { get; } = (ushort)id;

    /// <summary>How many processes there have been.</summary>
    public int Life { get; private set; }

    public KnetMachine? Machine => _machine;

    /// <summary>The formats that it speaks.</summary>
    public NodeFormat Format { get; } = setup.FormatOf(id);

    public bool SpeaksAead => Format == NodeFormat.Aead || (Format == NodeFormat.Both && !Suite.IsClear);

    /// <summary>The configuration of its next process.</summary>
    public CipherSuite Suite { get; set; } = setup.Suite;

    /// <summary>Since the start of the node, in all its lives.</summary>
    public List<KnetEvent> Events { get; } = [];

    /// <summary>The packets that the processes that have ended dropped, by reason.</summary>
    public long[] Discards { get; } = new long[Enum.GetValues<KnetDiscard>().Length];

    public void Begin(byte[] key)
    {
        Life++;
        _machine = new KnetMachine(
            setup.Options(Id), Keys(Suite, key), Pool(), this, Life == 1 ? setup.LastSeq : (ushort)0);
    }

    public void End()
    {
        if (_machine is null)
            return;
        foreach (var reason in Enum.GetValues<KnetDiscard>())
            Discards[(int)reason] += _machine.Counters[reason];
        _machine.Dispose();
        _machine = null;
    }

    public void Dispose() => End();

    /// <summary>Keys of this node, as its part of the cluster is configured.</summary>
    public KeySet Keys(CipherSuite suite, byte[] contents)
    {
        using var key = new KnetKey(contents);
        if (Format == NodeFormat.Aead)
            return KeySet.OfAead(new AeadMaster(key, "sim"));
        var seal = SealFactory.Create(suite, key, Pool());
        return Format == NodeFormat.Libknet || seal is null
            ? KeySet.OfLibknet(seal) : KeySet.Of(seal, new AeadMaster(key, "sim"));
    }

    public void OnEvent(in KnetEvent knetEvent) => Events.Add(knetEvent);

    private RandomPool Pool() => new(destination =>
    {
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(destination))
            word = random.Next();
    });
}

/// <summary>Which formats a node speaks.</summary>
internal enum NodeFormat
{
    /// <summary>Libknet's, as a daemon.</summary>
    Libknet,

    /// <summary>Both.</summary>
    Both,

    /// <summary>Ours alone.</summary>
    Aead,
}
