using Totem.Core.Diagnostics;

namespace Totem.Core.Ordering;

/// <summary>
/// How many frames all members together may have under way in a rotation. With real daemons on the ring it is what is
/// configured. Among processors of this engine it grows while nothing is lost and shrinks when something is, as TCP's
/// congestion window does (RFC 5681): doubling up to where it was last cut, and by a step behind that.
/// </summary>
/// <remarks>
/// Every member has a window of its own and sees nearly the same tokens, so the windows stay close to each other
/// without a word on the wire. It is a matter of speed alone: a window may be anything up to half of the receive
/// window, and order and safety are the same.
/// </remarks>
internal sealed class FlowWindow
{
    /// <summary>A loss is asked for, and served, within two rotations; what is seen before the
    /// third is the same loss.</summary>
    private const int VisitsOfOneLoss = 3;

    private readonly int _initial;
    private readonly int _perVisitInitial;
    private int _max;
    private int _threshold = int.MaxValue;
    private int _visitsSinceCut = VisitsOfOneLoss;

    public FlowWindow(int initial, int perVisitInitial)
    {
        _initial = Size = _max = initial;
        _perVisitInitial = perVisitInitial;
    }

    /// <summary>The window, in frames.</summary>
    public int Size { get; private set; }

    /// <summary>As large as it can become, and as others' may be already.</summary>
    public int Largest => _max;

    /// <summary>The most that one member may multicast in a visit: two senders fill the window.</summary>
    public int PerVisitMax => Math.Max(_perVisitInitial, Size > _initial ? Size / 2 : 0);

    /// <summary>From now on it may grow; a limit below its present size changes nothing.</summary>
    public void LetGrow(int max)
    {
        _max = Math.Max(Size, max);
        Invariant.That(_max >= _initial, "a window grows from what is configured");
    }

    /// <summary>After each visit.</summary>
    /// <param name="isLossy">Somebody asks for a frame again.</param>
    /// <param name="isFull">About as much was sent in this rotation as one member's limit in a visit.</param>
    public void NoteVisit(bool isLossy, bool isFull)
    {
        _visitsSinceCut = Math.Min(_visitsSinceCut + 1, VisitsOfOneLoss);
        if (isLossy)
        {
            if (_visitsSinceCut < VisitsOfOneLoss || Size == _initial)
                return;
            _threshold = Size = Math.Max(_initial, Size / 2);
            _visitsSinceCut = 0;
        }
        else if (isFull && Size < _max)
        {
            // The step is such that from a cut back to where the loss was takes tens of rotations, whatever the size.
            Size = (int)Math.Min(_max, Size < _threshold ? Math.Min(2L * Size, _threshold) : Size + 1L + (Size / 64));
        }

        Invariant.That(Size >= _initial, "a window is no smaller than what is configured");
        Invariant.That(Size <= _max, "a window is no larger than its limit");
    }
}
