using System.Globalization;

namespace Totem.Transport.Udp.Corosync;

/// <summary>Collects what is wrong with a file, so that its owner reads everything at once.</summary>
internal sealed class ConfProblems(string file)
{
    /// <summary>Beyond this many the file is something else altogether.</summary>
    private const int CountMax = 50;

    private readonly SortedDictionary<(int Line, int Order), string> _texts = [];

    public bool HasAny => _texts.Count > 0;

    public void Add(int line, string text)
    {
        // Lines of the file are quoted, and it may be any file.
        if (_texts.Count < CountMax)
            _texts.Add((line, _texts.Count), string.Concat(text.Select(x => char.IsControl(x) ? '?' : x)));
    }

    public void ThrowIfAny()
    {
        if (_texts.Count > 0)
            throw new CorosyncConfException([.. _texts.Select(pair => Place(pair.Key.Line) + pair.Value)]);
    }

    private string Place(int line) => line == 0
        ? $"{file}: "
        : string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: ");
}

/// <summary>A configuration file cannot be used. <see cref="Exception.Message"/> lists every
/// problem with file and line.</summary>
public sealed class CorosyncConfException : Exception
{
    /// <summary>Creates the exception from a text.</summary>
    public CorosyncConfException(string message) : base(message) => Problems = [message];

    /// <summary>Creates the exception.</summary>
    public CorosyncConfException() : this("the configuration cannot be used")
    {
    }

    /// <summary>Creates the exception.</summary>
    public CorosyncConfException(string message, Exception innerException) : base(message, innerException) =>
        Problems = [message];

    internal CorosyncConfException(IReadOnlyList<string> problems) : base(string.Join(Environment.NewLine, problems))
        => Problems = problems;

    /// <summary>One line a problem: <c>file:line: what is wrong, what was expected</c>, in the
    /// order of the file.</summary>
    public IReadOnlyList<string> Problems { get; }
}
