using System.Buffers.Binary;
using Totem.Core.Time;
using Totem.Transport.Knet.Keys;

namespace Totem.Transport.Knet;

/// <summary>
/// One member's part in a change of keys (KNET §17.3). The ring's total order leads it: the reload is a message that
/// all deliver, and each member then takes two steps, each when it has delivered a message of its own that announces
/// it. Those messages are safe ones: once ours is delivered, all have received the reload, and can read what the next
/// keys seal.
/// </summary>
internal sealed class KeyChange(KnetMachine machine) : IDisposable
{
    /// <summary>The length of the message that announces a step: a header of 16 bytes, the phase, padding.</summary>
    public const int MessageBytes = 24;

    /// <summary>The length of the message that asks all for a reload.</summary>
    public const int ReloadBytes = 32;

    /// <summary>A member that heard of a change announces its steps within a few rotations, behind what it has queued.
    /// After so long it is not going to.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(1);

    private const int MessageId = (1 << 16) | 4;
    private const int ReloadId = (1 << 16) | 3;
    private const int SourceOffset = 16;
    private const int SizeOffset = 8;
    private const int PhaseOffset = 16;
    private const uint Switches = 1;
    private const uint Forgets = 2;

    private readonly HashSet<ushort> _members = [];
    private readonly HashSet<ushort> _awaited = [];
    private readonly HashSet<ushort> _switching = [];
    private KeySet? _waiting;
    private uint _due;
    private Instant? _patienceEnds;
    private bool _isLate;

    /// <summary>A message is to be multicast on the ring, safely, by <see cref="TakeMessage"/>.</summary>
    public bool HasMessage => _due != 0;

    /// <summary>
    /// The reload was delivered, and the file names the keys that we have or are about to have: we started with it, or
    /// were told before. Others may hear of them now, and wait for our announcement.
    /// </summary>
    public void HandleKnownReload()
    {
        if (machine.RekeyPhase != RekeyPhase.Loaded)
            _due = Switches;
    }

    /// <summary>
    /// A configuration was delivered: a transitional one too, since a member that is in both rings and not in that one
    /// has started anew, with the new file. Nobody waits for one that has left.
    /// </summary>
    public void HandleMembers(IEnumerable<ushort> members)
    {
        _members.Clear();
        _members.UnionWith(members);
        _awaited.IntersectWith(_members);
        ForgetWhenAllHaveSwitched();
    }

    /// <summary>
    /// The reload was delivered, and the file names other keys. Packets of those who are ahead are read from now on.
    /// While a change is under way the next one waits, for two keys are all that can be read; it begins at the same
    /// place of the order everywhere.
    /// </summary>
    /// <param name="next">It is disposed by the machine, or here when yet another one takes its place.</param>
    /// <param name="isLate">The others may be ahead by more than the order says: the file was read slowly, and packets
    /// that they sealed with the next keys were lost meanwhile, their steps among them.</param>
    public void HandleReload(KeySet next, bool isLate = false)
    {
        _isLate = isLate;
        if (machine.RekeyPhase == RekeyPhase.Settled)
        {
            Begin(next);
            return;
        }

        _waiting?.Dispose();
        _waiting = next;
    }

    /// <summary>
    /// Time has passed; the host calls it now and then. After <see cref="Patience"/> those who have not announced
    /// anything are heard no more, unless they seal with the new keys.
    /// </summary>
    public void HandleDeadline(Instant now)
    {
        if (machine.RekeyPhase == RekeyPhase.Settled)
            _patienceEnds = null;
        else
            _patienceEnds ??= now + Patience;
        if (now < _patienceEnds || _patienceEnds is null)
            return;
        _patienceEnds = null;
        _awaited.IntersectWith([machine.Self]);
        ForgetWhenAllHaveSwitched();
    }

    /// <summary>
    /// A member that was late follows the first one that it hears with the next keys. Daemons may have forgotten the
    /// old ones, and would then hear neither its token nor what it asks for: the steps that would tell it so.
    /// </summary>
    public void Follow()
    {
        if (!_isLate || machine.RekeyPhase != RekeyPhase.Loaded || !machine.HearsLoadedKeys)
            return;
        _isLate = false;
        Switch(next: _due);
    }

    public void Dispose() => _waiting?.Dispose();

    private void Begin(KeySet next)
    {
        machine.LoadKeys(next);
        _patienceEnds = null;
        _due = Switches;
        _awaited.UnionWith(_members);
        _awaited.Add(machine.Self);
        _switching.Clear();
    }

    /// <summary>Takes the message that is to be multicast.</summary>
    public void TakeMessage(Span<byte> message)
    {
        message[..MessageBytes].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(message, MessageId);
        BinaryPrimitives.WriteInt32LittleEndian(message[SizeOffset..], MessageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message[PhaseOffset..], _due);
        _due = 0;
    }

    /// <summary>A message of the cfg service was delivered that announces a step of its sender.</summary>
    /// <param name="message">The message.</param>
    /// <param name="sender">Its sender. Our own messages move us.</param>
    /// <returns>False for other messages.</returns>
    public bool HandleDelivered(ReadOnlySpan<byte> message, ushort sender)
    {
        if (!TryRead(message, out var phase))
            return false;
        HandleStep(phase, sender);
        return true;
    }

    /// <summary>A member's message that announces a step was delivered. Our own move us.</summary>
    /// <param name="phase">1 or 2; others are for nobody.</param>
    /// <param name="sender">The member.</param>
    public void HandleStep(uint phase, ushort sender)
    {
        if (phase == Switches)
            _switching.Add(sender);
        if (phase == Switches && sender == machine.Self)
            Switch(next: Forgets);
        // Without a phase 1 since the reload it belongs to the change before.
        if (phase != Forgets || !_switching.Contains(sender))
            return;
        // A daemon forgets the old keys with this message, whoever still seals with them: one of ours that has not come
        // so far because much else waits to be sent before its announcement.
        if (sender != machine.Self)
            Switch(next: _due);
        _awaited.Remove(sender);
        ForgetWhenAllHaveSwitched();
    }

    private void Switch(uint next)
    {
        if (machine.RekeyPhase == RekeyPhase.Loaded)
            machine.UseLoadedKeys();
        _due = next;
    }

    /// <summary>A member that has announced phase 2 seals with the old keys no more. A daemon forgets them with its own
    /// announcement; we wait for the others', and read both until then.</summary>
    private void ForgetWhenAllHaveSwitched()
    {
        if (machine.RekeyPhase != RekeyPhase.Switched || _awaited.Count > 0)
            return;
        machine.ForgetOldKeys();
        if (_waiting is not { } next)
            return;
        _waiting = null;
        Begin(next);
    }

    /// <summary>Writes the message that asks all members of the ring for a reload.</summary>
    public static void WriteReload(Span<byte> message, uint node)
    {
        message[..ReloadBytes].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(message, ReloadId);
        BinaryPrimitives.WriteInt32LittleEndian(message[SizeOffset..], ReloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message[SourceOffset..], node);
    }

    private static bool TryRead(ReadOnlySpan<byte> message, out uint phase)
    {
        phase = 0;
        if (message.Length < MessageBytes || BinaryPrimitives.ReadInt32LittleEndian(message) != MessageId)
            return false;
        phase = BinaryPrimitives.ReadUInt32LittleEndian(message[PhaseOffset..]);
        return phase is Switches or Forgets;
    }
}
