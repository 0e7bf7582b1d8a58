namespace Totem.Platform.Programs;

/// <summary>The word that somebody may have meant.</summary>
public static class Suggestion
{
    /// <summary><c>, did you mean 'word'?</c>, or nothing when no word is near.</summary>
    public static string For(string text, IEnumerable<string> words)
    {
        // A third of a word may be wrong: more is another word.
        var best = words.Select(word => (Word: word, Distance: Distance(text, word)))
            .Where(x => x.Distance <= int.Max(1, x.Word.Length / 3)).OrderBy(x => x.Distance).FirstOrDefault();
        return best.Word is null ? "" : $", did you mean '{best.Word}'?";
    }

    /// <summary>How many characters must be added, taken away, exchanged or swapped with their neighbour.</summary>
    internal static int Distance(string one, string other)
    {
        if (int.Abs(one.Length - other.Length) > 8 || one.Length > 64)
            return int.MaxValue;
        var rows = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    rows[i, j] = i + j;
                    continue;
                }

                var cost = char.ToLowerInvariant(one[i - 1]) == char.ToLowerInvariant(other[j - 1]) ? 0 : 1;
                rows[i, j] = int.Min(int.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                    rows[i, j] = int.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[one.Length, other.Length];
    }
}
