namespace Totem.Core.Ordering;

/// <summary>
/// When the token goes on, seen from the frames of a visit, and when it is worth reading before messages that wait. All
/// that sets the accelerated ring apart from the plain one is here; docs/design/protocol.md says
/// why nothing else has to differ.
/// </summary>
internal abstract class TokenPassing
{
    /// <summary>The plain ring: the token is the last that leaves, and messages are read first.</summary>
    public static TokenPassing Plain { get; } = new PlainPassing();

    /// <summary>On a ring that has just been installed.</summary>
    /// <param name="acceleratedWindow">How many frames of a visit may follow the token; 0 for none.</param>
    public static TokenPassing Of(int acceleratedWindow) =>
        acceleratedWindow == 0 ? Plain : new AcceleratedPassing(acceleratedWindow);

    /// <summary>Of the two, when both wait, the host should read the token first.</summary>
    public abstract bool IsTokenFirst { get; }

    /// <summary>How many of the new frames of a visit leave before the token; the rest follow it.</summary>
    public abstract int CountBeforeToken(int newFrames);

    /// <summary>A token was taken.</summary>
    public abstract void NoteToken();

    /// <summary>A message was numbered by our predecessor after our last token left: it has had the
    /// token again.</summary>
    public abstract void NotePredecessorAhead();

    private sealed class PlainPassing : TokenPassing
    {
        public override bool IsTokenFirst => false;

        public override int CountBeforeToken(int newFrames) => newFrames;

        public override void NoteToken()
        {
            // Messages stay first.
        }

        public override void NotePredecessorAhead()
        {
            // Messages stay first.
        }
    }

    /// <summary>ACC16: the last frames of a visit follow the token, so that the successor need not
    /// wait for them.</summary>
    private sealed class AcceleratedPassing(int window) : TokenPassing
    {
        /// <summary>A visit of so few frames is passed plainly: sending them takes microseconds, and in the same
        /// rotation all have them, so that on a ring with little to do a safe message waits no longer than on a plain
        /// one.</summary>
        private const int ShortVisitFrames = 4;

        private bool _isTokenFirst;

        public override bool IsTokenFirst => _isTokenFirst;

        public override int CountBeforeToken(int newFrames) =>
            newFrames <= ShortVisitFrames ? newFrames : Math.Max(0, newFrames - window);

        public override void NoteToken() => _isTokenFirst = false;

        public override void NotePredecessorAhead() => _isTokenFirst = true;
    }
}
